"""The house keeps its shape: imports run downwards, rooms are small, functions fit a screen.

What is found wrong is named by file and line.
"""

import ast
import re
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow/scripts"
LIBRARY = SCRIPTS / "ctseq"
# A package may import those before it.
PACKAGES = (
    "core",
    "imaging",
    "readers",
    "intake",
    "phantom",
    "cache",
    "encoders",
    "replicates",
    "families",
    "study",
    "checks",
    "evidence",
    "figures",
    "report",
)
MOST_MODULES = 16
MOST_LINES = 300
MOST_LINES_OF_CODE = 50
# Readers of any dataset; what CT-ICH alone has stands in modules named after it.
GENERIC_READERS = re.compile(r"ctseq\.readers\.(folder|dicom|labels)")
# A function given as text, such as an analysis': it is imported when it is called.
LATER = re.compile(r"ctseq\.[\w.]+:\w+")
# Seconds to import: Snakemake would take them at every start.
SLOW = {"matplotlib", "pandas", "scipy", "sklearn", "torch", "transformers"}

FILES = sorted(SCRIPTS.rglob("*.py"))
OTHER_FILES = [
    path for name in ("benchmarks", "docs", "tests") for path in sorted((ROOT / name).rglob("*.py"))
]
RULES = [ROOT / "Snakefile", *sorted((ROOT / "workflow/rules").glob("*.smk"))]


@dataclass(frozen=True)
class Import:
    """An import of one module, and where it stands."""

    importer: str
    imported: str
    line: str

    @property
    def packages(self):
        """The packages of the library on both sides."""
        return self.importer.split(".")[1], self.imported.split(".")[1]


def line_of(path, node):
    """Return where a node stands, as editors read it, and the line itself."""
    text = path.read_text("utf-8").splitlines()[node.lineno - 1].strip()
    named = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return f"{named}:{node.lineno}: {text}"


def module_of(path, scripts):
    """Return the name by which a file is imported."""
    parts = path.relative_to(scripts).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(scripts):
    """List the library's imports of its own modules, those inside functions and in texts too."""
    paths = sorted((scripts / "ctseq").rglob("*.py"))
    modules = {module_of(path, scripts): path for path in paths}
    found = []
    for importer, path in modules.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"relative import: {line_of(path, node)}"
                members = [f"{node.module}.{alias.name}" for alias in node.names]
                names = [name if name in modules else node.module for name in members]
            elif isinstance(node, ast.Constant) and LATER.fullmatch(str(node.value)):
                names = [node.value.partition(":")[0]]
            else:
                continue
            found += [
                Import(importer, name, line_of(path, node))
                for name in dict.fromkeys(names)
                if name.startswith("ctseq.")
            ]
    return found


def upward(imports):
    """List the lines that import a package from one before it."""
    lines = []
    for one in imports:
        importer, imported = map(PACKAGES.index, one.packages)
        if imported > importer:
            lines.append(one.line)
    return lines


def reached_from(modules, imports):
    """Return modules and all that they import, directly or not."""
    following = defaultdict(set)
    for one in imports:
        following[one.importer].add(one.imported)
    reached, unread = set(), {*modules}
    while unread:
        reached |= unread
        unread = set().union(*(following[name] for name in unread)) - reached
    return reached


def circular(imports):
    """List the lines by which modules of one package import each other in a circle."""
    inside = [one for one in imports if len(set(one.packages)) == 1]
    return [one.line for one in inside if one.importer in reached_from([one.imported], inside)]


def definitions(path):
    """List a file's functions and classes."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    tree = ast.parse(path.read_text("utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def length_without_docstring(function):
    """Return the number of lines of a function, from its name to its last statement."""
    length = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        length -= docstring.end_lineno - docstring.lineno + 1
    return length


@pytest.fixture(scope="module")
def imports():
    return imports_of(SCRIPTS)


def assert_none(lines):
    """Fail with the lines, if there are any."""
    if lines:
        pytest.fail("\n".join(lines), pytrace=False)


def test_every_package_has_its_place_in_the_order():
    packages = [path.name for path in LIBRARY.iterdir() if (path / "__init__.py").exists()]
    assert sorted(packages) == sorted(PACKAGES)


def test_packages_import_only_packages_before_them(imports):
    assert_none(upward(imports))


def test_no_modules_of_a_package_import_each_other_in_a_circle(imports):
    assert_none(circular(imports))


def test_an_offending_import_is_named_by_its_line(tmp_path):
    files = {
        "core/low.py": "def late():\n    import ctseq.report.page\n",
        "core/a.py": '"""A."""\n\nfrom ctseq.core.b import b\n',
        "core/b.py": "from ctseq.core import c, low\n",
        "core/c.py": "import ctseq.core.a\n",
        "report/page.py": "import numpy\nfrom ctseq.core.low import late\n",
    }
    for name, text in files.items():
        path = tmp_path / "ctseq" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = imports_of(tmp_path)
    core = tmp_path / "ctseq/core"
    assert upward(found) == [f"{core}/low.py:2: import ctseq.report.page"]
    assert circular(found) == [
        f"{core}/a.py:3: from ctseq.core.b import b",
        f"{core}/b.py:1: from ctseq.core import c, low",
        f"{core}/c.py:1: import ctseq.core.a",
    ]


def test_every_module_stands_in_a_package():
    assert [path.name for path in LIBRARY.glob("*.py")] == ["__init__.py"]


def test_no_package_holds_too_many_modules():
    modules = Counter(path.parent for path in LIBRARY.rglob("*.py") if path.stem != "__init__")
    large = {path.name: number for path, number in modules.items() if number > MOST_MODULES}
    assert large == {}


def test_no_module_is_too_long():
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in FILES}
    assert_none([f"{path}: {number}" for path, number in lengths.items() if number >= MOST_LINES])


def test_every_function_fits_a_screen():
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    assert_none(
        [
            line_of(path, node)
            for path in FILES
            for node in definitions(path)
            if isinstance(node, functions) and length_without_docstring(node) > MOST_LINES_OF_CODE
        ]
    )


def test_every_public_function_and_class_says_what_it_does():
    lines = []
    for path in FILES:
        for node in definitions(path):
            public = node.col_offset == 0 and not node.name.startswith("_")
            if public and ast.get_docstring(node) is None:
                lines.append(line_of(path, node))
    assert_none(lines)


def test_no_docstring_begins_with_give():
    """It says neither that something is returned nor what is done."""
    lines = []
    for path in [*FILES, *OTHER_FILES]:
        for node in definitions(path):
            if (ast.get_docstring(node) or "").startswith("Give"):
                lines.append(line_of(path, node))
    assert_none(lines)


def test_no_docstring_of_the_rules_begins_with_give():
    lines = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in RULES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if line.strip().startswith('"""Give')
    ]
    assert_none(lines)


def test_generic_readers_know_nothing_of_ct_ich(imports):
    generic = {one.importer for one in imports if GENERIC_READERS.match(one.importer)}
    assert {"ctseq.readers.folder", "ctseq.readers.dicom.reader"} <= generic
    found = [one for one in imports if one.importer in reached_from(generic, imports)]
    assert_none([one.line for one in found if ".ct_ich" in one.imported])


def test_nothing_of_the_library_and_scripts_imports_snakemake():
    lines = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom) and "snakemake" in ast.unparse(node):
                lines.append(line_of(path, node))
    assert_none(lines)


def modules_of_study():
    return sorted(module_of(path, SCRIPTS) for path in (LIBRARY / "study").rglob("*.py"))


def modules_of_rules():
    text = "\n".join(path.read_text("utf-8") for path in RULES)
    return sorted(set(re.findall(r"^(?:from|import) (ctseq[\w.]+)", text, re.M)))


@pytest.mark.parametrize(
    "modules",
    [
        pytest.param(modules_of_study(), id="study"),
        pytest.param(modules_of_rules(), id="rules"),
    ],
)
def test_snakemake_starts_without_slow_libraries(modules):
    program = f"""
import importlib, sys
for name in {modules}:
    importlib.import_module(name)
    found = {SLOW} & set(sys.modules)
    assert not found, f"{{name}} imports {{found}}"
"""
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=SCRIPTS,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
