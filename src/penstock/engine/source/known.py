"""Names whose meaning the analysis takes for granted: all of them belong to the language or to libraries."""

from __future__ import annotations

import re

# fmt: off

TRUSTED = "penstock.engine"
"""The engine runs steps; how it does so is no part of what a step computes."""

READING_BUILTINS = frozenset({
    "abs", "all", "any", "ascii", "bin", "bool", "bytes", "callable", "chr", "complex", "dict", "divmod",
    "enumerate", "filter", "float", "format", "frozenset", "hash", "hex", "id", "int", "isinstance",
    "issubclass", "iter", "len", "list", "map", "max", "min", "oct", "ord", "pow", "print", "range", "repr",
    "reversed", "round", "set", "slice", "sorted", "str", "sum", "tuple", "type", "zip",
})
"""They neither change their arguments nor hand them on as they are (items apart)."""

MUTATORS = frozenset({
    "__delitem__", "__iadd__", "__setattr__", "__setitem__", "add", "append", "appendleft", "clear",
    "connect", "difference_update", "discard", "extend", "extendleft", "insert", "intersection_update",
    "move_to_end", "on", "pop", "popitem", "popleft", "push", "put", "register", "remove", "reverse",
    "rotate", "set", "set_default", "setdefault", "sort", "subscribe", "subtract",
    "symmetric_difference_update", "update", "write", "writelines",
})

READERS = frozenset({
    "__contains__", "__doc__", "__getitem__", "__iter__", "__len__", "__module__", "__name__",
    "__qualname__", "__wrapped__", "acquire", "alias", "all", "any", "as_integer_ratio", "as_posix",
    "astimezone", "astype", "cache_clear", "cache_info", "capitalize", "casefold", "cast", "center",
    "combine", "copy", "count", "critical", "cum_sum", "date", "days", "debug", "decode", "diff",
    "difference", "digest", "dispatch", "drop", "encode", "endswith", "error", "exception", "exists",
    "expandtabs", "expanduser", "explode", "fields", "find", "findall", "finditer", "format",
    "format_map", "from_dict", "from_json", "fromisoformat", "fromkeys", "fromtimestamp", "fullmatch",
    "get", "get_template", "glob", "group", "group_by", "groups", "head", "hexdigest", "inc", "index",
    "info", "intersection", "is_dir", "is_file", "is_valid", "isalnum", "isalpha", "isascii", "isdecimal",
    "isdigit", "isdisjoint", "isidentifier", "islower", "isnumeric", "isoformat", "isprintable", "isspace",
    "issubset", "issuperset", "istitle", "isupper", "item", "items", "iterdir", "join", "joinpath", "keys",
    "labels", "len", "ljust", "log", "lower", "lstrip", "match", "max", "mean", "median", "min",
    "model_construct", "model_copy", "model_dump", "model_dump_json", "model_fields", "model_json_schema",
    "model_validate", "model_validate_json", "mul", "named", "ndim", "observe", "parse_args",
    "parse_known_args", "post", "predict", "predict_proba", "print", "quantile", "read_bytes", "read_text",
    "relative_to", "release", "removeprefix", "removesuffix", "render", "replace", "request", "reshape",
    "resolve", "rfind", "rglob", "rindex", "rjust", "rolling", "round", "rpartition", "rsplit", "rstrip",
    "rule", "schema", "search", "select", "shape", "shift", "size", "sort_by", "split", "splitlines",
    "startswith", "status", "std", "strftime", "strip", "strptime", "sub", "submit", "suffix", "sum",
    "swapcase", "tail", "timestamp", "title", "to_dict", "to_frame", "to_json", "to_list", "to_numpy",
    "to_schema", "to_series", "tolist", "total_seconds", "transform", "translate", "union", "unique",
    "upper", "utcoffset", "validate", "validate_json", "validate_python", "values", "var", "warn",
    "warning", "when", "where", "with_columns", "with_suffix", "zfill",
})
"""Methods that leave an object of a library as it is."""

INITIALISERS = frozenset({"__init__", "__new__", "__post_init__", "__setstate__", "model_post_init"})
SUBCLASS_HOOKS = frozenset({"__init_subclass__", "__pydantic_init_subclass__"})
METACLASS_HOOKS = frozenset({"__new__", "__init__", "__call__", "__prepare__"})
METACLASSES = frozenset({"type", "ABCMeta", "EnumMeta", "EnumType", "ModelMetaclass"})

DYNAMIC_BUILTINS = frozenset({
    "__builtins__", "__import__", "compile", "delattr", "dir", "eval", "exec", "getattr", "globals",
    "hasattr", "locals", "setattr", "vars",
})

DYNAMIC_ATTRIBUTES = frozenset({
    "__builtins__", "__code__", "__getattribute__", "__globals__", "__loader__", "__subclasses__", "f_back",
    "entry_points", "f_globals", "f_locals",
})

# fmt: on

_DYNAMIC_EXTERNAL = re.compile(
    r"importlib(\.(import_module|__import__|reload|util(\..*)?|machinery(\..*)?|abc(\..*)?|"
    r"metadata(\.(entry_points|EntryPoints?))?(\..*)?))?"
    r"|pkgutil(\..*)?|runpy(\..*)?|sys\.(modules|meta_path|path_hooks|_getframe|_current_frames|setprofile|settrace)(\..*)?"
    r"|operator\.(attrgetter|methodcaller)(\..*)?"
    r"|inspect\.(getmembers|getmembers_static|getmodule|currentframe|stack|trace|getattr_static)(\..*)?"
    r"|gc(\..*)?|(pickle|cPickle|dill|cloudpickle|joblib|marshal|shelve|_pickle)\.(load|loads|Unpickler|open)(\..*)?"
    r"|types\.(FunctionType|CodeType|LambdaType|ModuleType)(\..*)?|builtins(\..*)?|pydoc\.locate|ctypes(\..*)?"
    r"|pkg_resources(\..*)?|stevedore(\..*)?|hydra\.utils\.(instantiate|call|get_class|get_method)"
    r"|(inspect\.(getsource|getsourcelines|getsourcefile|getblock|findsource)|linecache)(\..*)?"
    r"|code(\..*)?|codeop(\..*)?|zipimport(\..*)?|imp(\..*)?"
)
_NOT_DYNAMIC = re.compile(
    r"importlib\.util\.find_spec|importlib\.metadata\.(?!entry_points|EntryPoint)\w+(\..*)?"
)
_SOURCE_READERS = re.compile(
    r"(inspect\.(getsource|getsourcelines|getblock|findsource|getcomments)|linecache)(\..*)?"
)
_DOC_READERS = re.compile(r"inspect\.(getdoc|cleandoc)|docopt(\..*)?|pydoc(\..*)?|doctest(\..*)?")

PURE_EXTERNAL = re.compile(
    r"(dataclasses|functools|typing|typing_extensions|abc|contextlib|enum|collections|itertools|operator|types"
    r"|datetime|decimal\.Decimal|fractions|pathlib|re|string|struct|uuid|zoneinfo|math|statistics|logging\.getLogger"
    r"|__future__|numbers|warnings\.deprecated|textwrap|hashlib|time|contextvars|threading|os\.path|keyword|inspect"
    r"|pydantic|pydantic_core|annotated_types|attr|attrs|overrides|pytest|hypothesis)(\..*)?"
    r"|os\.(environ\.get|getenv|getpid|cpu_count|fspath)|importlib\.(metadata|resources|util)\..*"
    r"|(numba\.(njit|jit|vectorize|guvectorize)|beartype\.beartype|tenacity\.retry|stamina\.retry"
    r"|torch\.(no_grad|inference_mode|jit\.script)|numpy\.(vectorize|array|asarray|linspace|arange|zeros|ones|"
    r"float32|float64|int32|int64|finfo|iinfo|dtype)|polars\.(col|lit|Schema|Datetime|List|Struct|Enum|element|when|"
    r"Duration|Categorical|concat_list|struct|all)(\..*)?|structlog\.get_logger|loguru\.logger\.bind)"
)
"""Calls at the top of a module that change nothing outside of the value they return."""

PURE_BASES = re.compile(
    r"(pydantic|pydantic_core|pydantic_settings|typing_extensions|torch|lightning|sklearn|numpy|pandas|polars|pyarrow"
    r"|scipy|mlforecast|statsforecast|utilsforecast|lightgbm|xgboost|optuna|mlflow|onnx|onnxruntime|hypothesis|rich"
    r"|click|typer|omegaconf|httpx|fastapi|starlette|attr|attrs|matplotlib|plotly|yaml)(\..*)?"
)
"""Libraries that do nothing for others to see when one of their classes gets a subclass."""

FROZEN_EXTERNAL = re.compile(
    r"(typing|typing_extensions|types|functools|operator|datetime|decimal|fractions|pathlib|re|string|struct|uuid|zoneinfo"
    r"|logging|enum|abc|math|pydantic|annotated_types|dataclasses|numbers|collections\.(namedtuple|abc)|contextlib"
    r"|polars|pyarrow)(\..*)?|numpy\.(float32|float64|int32|int64|dtype|finfo|iinfo|vectorize)|structlog\.get_logger"
)
"""Calls whose value nobody changes afterwards."""

MUTATING_FUNCTIONS = re.compile(
    r"next|setattr|delattr|exec|random\.shuffle|numpy\.random\.shuffle|heapq\.\w+|bisect\.insort\w*"
    r"|operator\.(setitem|delitem|i\w+)|(.*\.)?(update|append|extend|patch\w*|register\w*|insort|copyto|put|place|fill\w*)"
    r"|(list|dict|set|object)(\.\w+)?\.__\w+__|importlib\.reload|functools\.partial"
)
"""Library functions that change their arguments, now or later."""

READING_FUNCTIONS = re.compile(
    r"getattr|hasattr|isinstance|issubclass|type|id|str|repr|print|vars|dir|callable|len|hash|bool|help"
    r"|importlib\.(resources|util|metadata)\..*|inspect\..*|logging\..*|types\..*|typing\..*|dataclasses\..*|pprint\..*"
)
"""Functions that leave a module handed to them as it is."""

_CHANGES_WORLD = re.compile(
    r"(^|\.)(seed|manual_seed|set|set_\w+|setattr|register\w*|patch\w*|install\w*|filterwarnings|simplefilter"
    r"|setlocale|putenv|use|configure\w*|add_\w+|append|update|insert|setdefault|set\w*|basicConfig|disable|enable\w*)$"
)


def is_dynamic(dotted: str) -> bool:
    """Whether a library name can reach code by a name that is only known at run time."""
    return bool(_DYNAMIC_EXTERNAL.fullmatch(dotted)) and not _NOT_DYNAMIC.fullmatch(dotted)


def reads_source(dotted: str) -> bool:
    """Whether a library function reads the text of source files, comments included."""
    return bool(_SOURCE_READERS.fullmatch(dotted))


def reads_docs(dotted: str) -> bool:
    """Whether a library function reads docstrings."""
    return bool(_DOC_READERS.fullmatch(dotted))


def changes_world(dotted: str) -> bool:
    """Whether the name of a library function says that it changes state of the whole process."""
    return bool(_CHANGES_WORLD.search(dotted))
