/** The rules of the tools, MCP servers and skills that a task names. */
import { nearestName } from "../../../shared/text/nearest.ts";
import type { Detail } from "../../http/problem.ts";
import { quoteValue } from "./explain.ts";
import { formatPath } from "./field_path.ts";
import { checkInputKey } from "./input_key.ts";
import { fault, type Rule } from "./rule.ts";

export const tools: Rule = (task, { tools: known, available }) =>
  (task.tools ?? []).flatMap((name, index) => {
    const place = `tools[${index}]`;
    if (name === "run_shell" && task.sandbox !== "microvm") {
      return fault(place, 'run_shell needs "sandbox": "microvm": only that sandbox has a shell');
    }
    if (!known.includes(name)) return unknownTool(place, name, known);
    const reason = available?.tools.find((tool) => tool.name === name)?.reason ?? null;
    if (reason === null) return [];
    return fault(place, `"${name}" cannot be used here: ${reason} (fleet tools lists all)`);
  });

/** A name that no tool has would hold nothing back. What an MCP server offers is not known before the task runs. */
export const approve: Rule = ({ approve: wanted, mcp = [] }, { tools: known }) =>
  wanted === undefined || wanted === "effects"
    ? []
    : wanted.flatMap((name, index) => {
        const isKnown =
          known.includes(name) || mcp.some((server) => name.startsWith(`${server}__`));
        return isKnown ? [] : unknownTool(`approve[${index}]`, name, known);
      });

function unknownTool(place: string, name: string, known: readonly string[]): Detail[] {
  const closest = nearestName(name, known);
  const list = `the tools are ${known.join(", ")}`;
  const hint = closest === null ? list : `did you mean "${closest}"? (${list})`;
  return fault(place, `unknown tool ${quoteValue(name)}: ${hint}`);
}

/** Names are checked if the consumer's listing is known; an upload's folder is checked by stored_inputs.ts. */
export const servers: Rule = ({ mcp = [] }, { available }) =>
  mcp.flatMap((name, index) => unknownName(`mcp[${index}]`, "MCP server", name, available?.mcp));

export const skills: Rule = ({ skills: named = [], files: inputs = {} }, { available }) => {
  const details = named.flatMap((skill, index) => {
    if (typeof skill === "string") {
      return unknownName(`skills[${index}]`, "skill", skill, available?.skills);
    }
    const key = checkInputKey(skill.r2.replace(/\/+$/, ""));
    return key.ok ? [] : fault(`skills[${index}].r2`, key.error);
  });
  const file = Object.keys(inputs).find((path) => /^skills(\/|$)/.test(path));
  if (named.length > 0 && file !== undefined) {
    const message = 'is in "skills", where the task\'s skills are mounted: use another folder';
    details.push(...fault(formatPath(["files", file]), message));
  }
  return details;
};

function unknownName(
  path: string,
  kind: string,
  name: string,
  candidates: readonly { name: string }[] | undefined,
): Detail[] {
  if (candidates === undefined || candidates.some((each) => each.name === name)) return [];
  const names = candidates.map((each) => each.name).join(", ");
  const list = names === "" ? `no ${kind} is configured here` : `configured are ${names}`;
  return fault(
    path,
    `unknown ${kind} ${quoteValue(name)}: ${list} (docs/tools.md says how to add one)`,
  );
}
