#!/usr/bin/env bash
# A throw-away Slurm cluster on loopback, for the tests: a controller, a CPU node c0 in partition cpu,
# a GPU node g0 in partition gpu whose two GPUs are pretended, and another, g1 in partition spare, to
# be switched off. No systemd, no cgroups (so memory is not enforced), no accounting database. Every
# daemon is stopped by its process id.
#   cluster.sh FOLDER start | stop | stop-node NAME | start-node NAME
# Everything it writes stands in FOLDER; FOLDER/env.sh is what a shell sources to use the cluster.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

LAB=$1
PORT=${CTSEQ_SLURM_PORT:-16817} # of the controller; the nodes listen on the next three
export SLURM_CONF=$LAB/slurm.conf

alive() { [ -s "$LAB/run/$1.pid" ] && kill -0 "$(cat "$LAB/run/$1.pid")" 2>/dev/null; }

stop_daemon() {
  alive "$1" || return 0
  local pid i
  pid=$(cat "$LAB/run/$1.pid")
  kill -TERM "$pid"
  for i in $(seq 100); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$pid"
}

start_node() {
  alive "slurmd-$1" || slurmd -N "$1"
}

write_files() {
  local host user cgroup
  host=$(hostname -s)
  user=$(id -un)
  mkdir -p "$LAB"/{bin,state,spool/c0,spool/g0,spool/g1,log,run}
  mkdir -p -m 700 "$LAB/munge"
  (umask 077 && head -c 1024 /dev/urandom >"$LAB/munge/munge.key")

  # Devices that exist and differ: plain files would leave CUDA_VISIBLE_DEVICES unset.
  echo "NodeName=g[0-1] Name=gpu File=/dev/null,/dev/zero" >"$LAB/gres.conf"
  # 22.05 refuses `disabled`; later releases want it where there are no cgroups.
  case $(slurmd -V) in
    *" 2"[01].* | *" 22."*) cgroup=cgroup/v1 ;;
    *) cgroup=disabled ;;
  esac
  echo "CgroupPlugin=$cgroup" >"$LAB/cgroup.conf"
  cat >"$LAB/slurm.conf" <<CONF
ClusterName=ctseq
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$PORT
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$LAB/run/munge.sock
CredType=cred/munge
StateSaveLocation=$LAB/state
SlurmdSpoolDir=$LAB/spool/%n
SlurmctldPidFile=$LAB/run/slurmctld.pid
SlurmdPidFile=$LAB/run/slurmd-%n.pid
SlurmctldLogFile=$LAB/log/slurmctld.log
SlurmdLogFile=$LAB/log/slurmd-%n.log
MpiDefault=none
SwitchType=switch/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
EnforcePartLimits=ALL
# Long enough for the tests to read every job's record at the end.
MinJobAge=1800
KillWait=2
ReturnToService=2
SlurmdTimeout=8
SlurmctldTimeout=30
# More CPUs and memory than this machine may have.
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName=DEFAULT CPUs=32 RealMemory=40000 State=UNKNOWN
NodeName=c0 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((PORT + 1))
NodeName=g0 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((PORT + 2)) Gres=gpu:2
NodeName=g1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((PORT + 3)) Gres=gpu:2
PartitionName=DEFAULT MaxTime=INFINITE DefaultTime=10 State=UP
PartitionName=cpu Nodes=c0 Default=YES
PartitionName=gpu Nodes=g0
PartitionName=spare Nodes=g1
CONF
  # The plugin's inner srun loses SLURM_CONF: a wrapper that comes first on PATH gives it back.
  printf '#!/bin/sh\nexport SLURM_CONF=%s\nexec %s "$@"\n' "$SLURM_CONF" "$(command -v srun)" >"$LAB/bin/srun"
  chmod 755 "$LAB/bin/srun"
  printf 'export SLURM_CONF=%s PATH=%s:$PATH\n' "$SLURM_CONF" "$LAB/bin" >"$LAB/env.sh"
}

start() {
  local i
  write_files
  munged --key-file="$LAB/munge/munge.key" --socket="$LAB/run/munge.sock" --num-threads=2 \
    --pid-file="$LAB/run/munged.pid" --log-file="$LAB/log/munged.log" --seed-file="$LAB/munge/seed"
  slurmctld
  start_node c0
  start_node g0
  start_node g1
  for i in $(seq 100); do
    [ "$(sinfo -h -o %T 2>/dev/null | sort -u)" = idle ] && return
    sleep 0.2
  done
  echo "the cluster did not become idle: see $LAB/log" >&2
  exit 1
}

stop() {
  scancel --me 2>/dev/null || true
  for i in $(seq 50); do
    [ -z "$(squeue -h -t running,completing,pending 2>/dev/null)" ] && break
    sleep 0.1
  done
  stop_daemon slurmd-c0
  stop_daemon slurmd-g0
  stop_daemon slurmd-g1
  stop_daemon slurmctld
  stop_daemon munged
}

case ${2:-} in
  start) start ;;
  stop) stop ;;
  stop-node) stop_daemon "slurmd-$3" ;;
  start-node) start_node "$3" ;;
  *) echo "usage: $0 FOLDER start | stop | stop-node NAME | start-node NAME" >&2; exit 2 ;;
esac
