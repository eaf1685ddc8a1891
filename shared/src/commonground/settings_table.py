"""The table of settings in each block's README, made from the settings class."""

import json
from pathlib import Path

from pydantic_core import PydanticUndefined

from commonground.settings import BlockSettings


def render(settings_class: type[BlockSettings]) -> str:
    """Return a Markdown table: name in the environment, default, meaning."""
    prefix = str(settings_class.model_config.get("env_prefix", ""))
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in sorted(settings_class.model_fields.items()):
        if field.is_required():
            default = "required"
        elif isinstance(field.default, dict) and field.default:
            default = f"`{json.dumps(field.default, ensure_ascii=False)}`"
        elif (
            field.default_factory is not None
            or field.default in (PydanticUndefined, None, (), {})
            or not str(field.default)
        ):
            default = "empty"
        elif isinstance(field.default, Path):
            default = f"`{field.default.name}` of the package"
        else:
            default = f"`{field.default}`"
        lines.append(f"| `{(prefix + name).upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"
