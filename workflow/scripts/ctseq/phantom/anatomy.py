"""A head as CT shows it, drawn from soft-edged shapes in Hounsfield units.

Coordinates are the head's own: x to the image's right and y to the back, 1 being half the head's
length; z runs from the skull base (0) to the vertex (1). Paired structures are listed once, for
x > 0, and mirrored.
"""

from dataclasses import dataclass, field
from math import cos, sin

import numpy as np

from ctseq.phantom.shapes import between, ellipse, gate, inside, shapes, texture, waves

# Hounsfield units of tissues, as textbooks give them for a head without contrast.
AIR, FAT, CSF, WHITE, GREY, MUSCLE, BONE = -1000.0, -80.0, 6.0, 27.0, 40.0, 50.0, 1250.0

# z of the middle and half height, x, y, half width, half length, degrees, of paired shapes.
_VENTRICLES = (
    (0.57, 0.10, 0.10, -0.30, 0.050, 0.160, 18.0),  # frontal horns
    (0.67, 0.09, 0.12, 0.02, 0.056, 0.320, -7.0),  # bodies
    (0.57, 0.10, 0.25, 0.30, 0.060, 0.170, -24.0),  # atria and occipital horns
    (0.35, 0.06, 0.36, 0.04, 0.026, 0.070, 25.0),  # temporal horns
    (0.49, 0.07, 0.00, 0.00, 0.024, 0.130, 0.0),  # third
    (0.20, 0.08, 0.00, 0.38, 0.090, 0.050, 0.0),  # fourth
)
_CISTERNS = (
    (0.32, 0.06, 0.00, -0.09, 0.130, 0.110, 0.0),  # suprasellar
    (0.33, 0.06, 0.13, 0.03, 0.025, 0.150, -30.0),  # crural and ambient
    (0.41, 0.05, 0.06, 0.25, 0.110, 0.035, -22.0),  # quadrigeminal
    (0.44, 0.13, 0.50, -0.12, 0.190, 0.026, -12.0),  # Sylvian, along the insula
    (0.40, 0.12, 0.42, -0.20, 0.024, 0.120, 10.0),  # and across it
    (0.22, 0.06, 0.00, -0.02, 0.160, 0.030, 0.0),  # prepontine
    (0.08, 0.06, 0.00, 0.78, 0.130, 0.070, 0.0),  # cisterna magna
)
_DEEP_GREY = (
    (0.56, 0.09, 0.185, -0.26, 0.038, 0.090, 16.0),  # caudate heads
    (0.50, 0.09, 0.30, -0.07, 0.070, 0.170, -14.0),  # lentiform nuclei
    (0.51, 0.08, 0.11, 0.12, 0.085, 0.140, -14.0),  # thalami
)
_BONES = (
    (0.12, 0.12, 0.40, 0.13, 0.330, 0.070, 34.0),  # petrous ridges
    (0.13, 0.11, 0.42, -0.37, 0.270, 0.034, 30.0),  # sphenoid wings
    (0.10, 0.12, 0.00, -0.10, 0.130, 0.050, 0.0),  # clivus and dorsum sellae
    (0.18, 0.04, 0.13, -0.17, 0.040, 0.040, 0.0),  # anterior clinoids
    (0.04, 0.12, 0.66, -0.50, 0.045, 0.140, 20.0),  # lateral orbital walls
    (0.04, 0.14, 0.15, -0.56, 0.022, 0.250, -4.0),  # medial orbital walls
    (0.20, 0.05, 0.30, -0.62, 0.150, 0.060, 30.0),  # orbital roofs, cut by the slice
)
_AIR_CELLS = (
    (0.04, 0.13, 0.06, -0.66, 0.050, 0.230, 0.0),  # ethmoid
    (0.06, 0.09, 0.06, -0.27, 0.070, 0.080, 0.0),  # sphenoid sinus
    (0.22, 0.08, 0.09, -0.90, 0.090, 0.035, 18.0),  # frontal sinus
)
_ORBIT = (0.05, 0.16, 0.36, -0.60, 0.190, 0.240, 24.0)
_GLOBE = (0.06, 0.11, 0.37, -0.68, 0.125, 0.125, 0.0)


@dataclass(frozen=True)
class Head:
    """One patient's geometry; `draw_head` shows how much each part of it varies."""

    width: float
    scale: float
    centre: tuple[float, float]
    angle: float
    egg: float
    wobble: list[float]
    bone: float
    bone_wobble: list[float]
    scalp: float
    atrophy: float
    ventricles: float
    asymmetry: float
    tilt: float
    table: float
    noise: float
    cupping: float
    calibration: float
    pineal: float
    choroid: float
    sinus: float
    texture: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class Slice:
    """One drawn slice, with the maps that bleeds are painted by; arrays are float32 (size, size).

    Attributes
    ----------
    hu
        Hounsfield units.
    x, y
        Head coordinates of the pixels.
    depth
        Relative distance from the skull, 0, to the brain's centre, 1; below 0 outside.
    angle
        Direction from the brain's centre, radians; 0 is the patient's left, pi / 2 the back.
    brain, ventricles, furrows
        Coverage, 0 to 1: inside the skull; ventricles; sulci and cisterns.
    soft
        The distance over which edges fade, in head coordinates.
    """

    hu: np.ndarray
    x: np.ndarray
    y: np.ndarray
    depth: np.ndarray
    angle: np.ndarray
    brain: np.ndarray
    ventricles: np.ndarray
    furrows: np.ndarray
    soft: float


def draw_head(rng: np.random.Generator) -> Head:
    """Draw a patient's geometry at random."""
    atrophy = rng.uniform(0.0, 1.0)
    return Head(
        width=rng.uniform(0.76, 0.86),
        scale=rng.uniform(0.76, 0.88),
        centre=(rng.normal(0, 0.025), rng.normal(0, 0.025)),
        angle=rng.normal(0, 0.07),
        egg=rng.uniform(0.03, 0.11),
        wobble=rng.normal(0, (0.012, 0.008, 0.006, 0.012, 0.008, 0.006)).tolist(),
        bone=rng.uniform(0.055, 0.09),
        bone_wobble=rng.normal(0, (0.10, 0.15, 0.08, 0.10, 0.10, 0.08)).tolist(),
        scalp=rng.uniform(0.045, 0.080),
        atrophy=atrophy,
        ventricles=0.75 + 0.55 * atrophy + rng.normal(0, 0.12),
        asymmetry=rng.normal(0, 0.012),
        tilt=rng.normal(0, 0.03),
        table=rng.uniform(1.02, 1.08),
        noise=rng.uniform(3.0, 6.0),
        cupping=rng.uniform(1.0, 5.0),
        calibration=rng.normal(0, 1.0),  # scanners differ by some HU, and so do hematocrits
        pineal=rng.uniform(60, 220) * (rng.random() < 0.6),
        choroid=rng.uniform(60, 200) * (rng.random() < 0.3),
        sinus=rng.uniform(44, 54),
        texture=rng.normal(0, 1, (16, 34, 34)).astype(np.float32),
    )


def draw_slice(head: Head, z: float, size: int) -> Slice:
    """Draw the slice at height `z` (0 base, 1 vertex), `size` pixels wide, without noise."""
    z = float(z)  # a NumPy scalar would make every field float64
    x, y, soft = _coordinates(head, size)
    theta = np.arctan2(y, x)
    round_ = np.hypot(x / (head.width * (1 + head.egg * y)), y) * (1 + waves(head.wobble, theta))
    outer = _height(z, 0.62)
    inner = _height(z, 0.575) * (1 - head.scalp - head.bone)
    inner = inner - outer * head.bone * 0.8 * waves(head.bone_wobble, theta)
    mirrored = np.abs(x - head.asymmetry)
    fine = texture(head.texture, z, size)
    paint = _Canvas(np.full_like(x, AIR))

    rest = np.hypot(x, (y - 0.05) * 1.05)
    paint.add(between(rest, head.table + 0.03, 0.03, soft) * (y > 0.1), -920.0)  # foam
    paint.add(between(rest, head.table + 0.07, 0.009, soft) * (y > 0.1), 90.0)

    scalp = inside(round_, outer, soft)
    paint.add(scalp, MUSCLE)
    paint.add(between(round_, outer * (1 - head.scalp * 0.5), head.scalp * 0.12, soft), FAT)
    skull = inside(round_, outer * (1 - head.scalp), soft)
    middle = (outer * (1 - head.scalp) + inner) / 2
    paint.add(skull, BONE + 150 * fine)
    paint.add(between(round_, middle, 0.022, soft) * (z > 0.15), 650.0)  # diploe
    if z > 0.3:
        for suture in (1.10, 2.10, -0.88, -2.32):  # lambdoid, then coronal, radians
            near = np.sqrt(np.maximum(2 - 2 * np.cos(theta - suture - 0.1 * fine), 0))
            paint.add(skull * inside(near, 0.012, soft), 350.0)

    brain = inside(round_, inner, soft)
    depth = 1 - round_ / np.maximum(inner, 1e-3)
    ventricles, furrows = _draw_brain(paint, head, z, x, y, mirrored, depth, brain, fine, soft)
    if z < 0.32:
        face = _draw_base(paint, head, z, x, y, mirrored, round_, outer, skull, fine, soft)
        brain = brain * (1 - face)
    hu = paint.hu
    # Beam hardening: bright under the bone, dark between the petrous ridges.
    hu += brain * (head.calibration + head.cupping * np.exp(-np.maximum(depth, 0) / 0.06))
    if z < 0.22:
        hu -= brain * 14 * np.exp(-(((y - 0.12) / 0.09) ** 2)) * gate(z, 0.12, 0.10)
    return Slice(hu, x, y, depth, theta, brain, ventricles * brain, furrows * brain, soft)


class _Canvas:
    """An image in Hounsfield units on which shapes are painted."""

    def __init__(self, hu: np.ndarray):
        self.hu = hu

    def add(self, coverage: np.ndarray, value: float | np.ndarray) -> None:
        self.hu += coverage * (value - self.hu)


def _draw_brain(paint, head, z, x, y, mirrored, depth, brain, fine, soft):
    """Paint brain and fluid; return the coverage of ventricles and of sulci and cisterns."""
    rim = 0.022 + 0.035 * head.atrophy
    # Sulci run where a smooth field changes sign; deep at the surface and near the vertex.
    reach = 0.34 + 0.25 * head.atrophy + 0.6 * max(z - 0.6, 0)
    surface = np.clip(1 - depth / reach, 0, 1) * min(max((z - 0.12) / 0.2, 0.25), 1.0)
    line = np.abs(fine)
    sulci = np.clip(1.5 - line / (0.12 + 0.14 * head.atrophy), 0, 1) * np.clip(surface * 2, 0, 1)
    cortex = np.maximum(
        np.clip(1.6 - line / 0.5, 0, 1) * np.clip(surface * 2.5, 0, 1),
        np.clip(1.8 - depth / 0.08, 0, 1),
    )
    tissue = WHITE + (GREY - WHITE) * cortex + 1.5 * fine
    paint.add(brain, tissue)
    paint.add(brain * shapes(_DEEP_GREY, z, mirrored, y, soft * 2), GREY)
    if z < 0.34:  # cerebellum with its leaves, and brainstem
        lower = gate(z, 0.10, 0.24)
        leaves = 35 + 2 * np.sin(46 * np.hypot(x * 0.7, y - 0.05) + 2 * fine)
        paint.add(brain * ellipse(x, y, 0, 0.52, 0.56, 0.40, 0, soft * 2) * lower, leaves)
        paint.add(brain * ellipse(x, y, 0, 0.13, 0.20, 0.17, 0, soft * 2) * lower, 33.0)
    gap = 0.010 + 0.014 * head.atrophy
    cleft = inside(np.abs(x - 0.012 * fine), gap, soft) * ((y < -0.42) | (y > 0.5) | (z > 0.76))
    furrows = np.maximum(sulci * 0.9, inside(depth, rim, soft))
    if z > 0.33:
        furrows = np.maximum(furrows, cleft * 0.8)
    cisterns = shapes(_CISTERNS, z, mirrored, y, soft, grow=0.8 + 0.4 * head.atrophy)
    furrows = np.maximum(furrows, cisterns)
    ventricles = shapes(_VENTRICLES, z, mirrored, y, soft, grow=head.ventricles)
    paint.add(brain * furrows, CSF)
    paint.add(brain * ventricles, CSF)
    if z > 0.36:  # falx and the sinuses at its ends
        falx = inside(np.abs(x), 0.007, soft) * ((y < -0.45) | (y > 0.5) | (z > 0.80))
        paint.add(brain * falx, 56.0)
        end = inside(depth, 0.07, soft) * inside(np.abs(x), 0.05, soft) * (y > 0)
        paint.add(brain * end, head.sinus)
    elif z > 0.24:  # tentorium
        edge = np.abs(mirrored - (0.10 + (y - 0.05) * 0.75))
        paint.add(brain * inside(edge, 0.012, soft) * (y > 0.08) * (y < 0.62), 52.0)
    paint.add(
        ellipse(x, y, 0.01, 0.20, 0.022, 0.022, 0, soft) * gate(z, 0.50, 0.03), GREY + head.pineal
    )
    plexus = ellipse(mirrored, y, 0.22, 0.30, 0.03, 0.05, 24, soft) * gate(z, 0.57, 0.05)
    paint.add(brain * plexus, 30 + head.choroid)
    return ventricles, furrows


def _draw_base(paint, head, z, x, y, mirrored, round_, outer, skull, fine, soft):
    """Paint orbits, sinuses and the bones of the base; return where they displace the brain."""
    front = z + head.tilt
    low = min(max((0.19 - front) / 0.05, 0.0), 1.0)
    edge = -0.46 + 0.25 * (mirrored - 0.35) + 0.02 * fine
    face = inside(y, edge, soft * 2) * low
    cheek = face * inside(round_, outer, soft)
    paint.add(face * skull, MUSCLE)
    paint.add(cheek * shapes((_ORBIT,), front, mirrored, y, soft), FAT)
    paint.add(cheek * ellipse(mirrored, y, 0.28, -0.47, 0.020, 0.12, -24, soft), 35.0)  # nerve
    globe = shapes((_GLOBE,), front, mirrored, y, soft)
    paint.add(globe * low, MUSCLE)
    globe = shapes((_GLOBE,), front, mirrored, y, soft, grow=0.84)
    paint.add(globe * low, 12.0)
    paint.add(ellipse(mirrored, y, 0.37, -0.77, 0.05, 0.022, 0, soft) * globe * low, 90.0)  # lens
    bones = shapes(_BONES, front, mirrored, y, soft)
    paint.add(skull * bones, BONE - 150 + 250 * fine)
    mastoid = ellipse(mirrored, y, 0.60, 0.28, 0.11, 0.13, 30, soft) * gate(z, 0.08, 0.12)
    paint.add(skull * mastoid * np.clip(fine * 1.5 + 0.6, 0, 1), -500.0)
    walls = shapes(_AIR_CELLS, front, mirrored, y, soft, grow=1.25)
    cells = shapes(_AIR_CELLS, front, mirrored, y, soft)
    paint.add(skull * walls, 700.0)
    paint.add(skull * cells * np.clip(np.abs(fine) * 5, 0, 1), -900.0)
    return np.maximum(face, np.maximum(bones, walls))


def _coordinates(head, size):
    axis = ((np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1) / head.scale
    across, down = axis[None, :] - head.centre[0], axis[:, None] - head.centre[1]
    along, aslant = cos(head.angle), sin(head.angle)
    # Edges blur over a pixel, or over the scanner's own 0.5 mm or so where pixels are finer.
    soft = max(2 / size / head.scale, 0.006)
    return across * along + down * aslant, down * along - across * aslant, soft


def _height(z, half):
    """Return the head's relative girth at height z: a dome over a slightly narrower base."""
    if z < 0.4:
        return 1 - 0.10 * ((0.4 - z) / 0.4) ** 2
    return max(1 - ((z - 0.4) / half) ** 2, 0.0) ** 0.5
