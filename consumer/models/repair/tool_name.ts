import type { ToolOffer } from "../../../shared/models/model.ts";

/** The name without the special tokens and prefixes that leak into it. */
export function cleanName(name: string): string {
  return (name.split("<|")[0] ?? "")
    .trim()
    .replace(/^["'`]+|["'`]+$/g, "")
    .replace(/^(?:functions|default_api|tools)\./, "")
    .replace(/:\d+$/, "")
    .trim();
}

/** The offered tool that a name means: the same name, else the only one that differs just by case. */
export function toolNamed(name: string, tools: readonly ToolOffer[]): ToolOffer | null {
  const verbatim = tools.find((tool) => tool.name === name.trim());
  if (verbatim !== undefined) return verbatim;
  const clean = cleanName(name);
  const exact = tools.find((tool) => tool.name === clean);
  if (exact !== undefined) return exact;
  const alike = tools.filter((tool) => tool.name.toLowerCase() === clean.toLowerCase());
  return alike.length === 1 ? (alike[0] ?? null) : null;
}
