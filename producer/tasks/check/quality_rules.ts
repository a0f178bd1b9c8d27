/** The rules of checks, samples and escalation: names that must exist, and combinations that are rejected. */
import { customToolNames } from "../../../shared/task/custom_tools.ts";
import type { Detail } from "../../http/problem.ts";
import type { CheckScope } from "./check_scope.ts";
import { quoteValue } from "./explain.ts";
import { fault, type Rule } from "./rule.ts";

/** A judge's model must be served here, and a check's tool must be a tool of this fleet that only reads. */
export const checks: Rule = (task, scope) =>
  (task.checks ?? []).flatMap((check, index) => {
    const at = `checks[${index}]`;
    if ("judge" in check) {
      const own = task.model ?? scope.model;
      return otherModel(`${at}.judge.model`, check.judge.model, own, scope);
    }
    return "tool" in check ? toolOfCheck(`${at}.tool`, check.tool, scope) : [];
  });

function toolOfCheck(at: string, name: string, { available }: CheckScope): Detail[] {
  if (!customToolNames.includes(name)) {
    const list =
      customToolNames.length === 0
        ? "this fleet has none"
        : `this fleet's are ${customToolNames.join(", ")}`;
    return fault(
      at,
      `${quoteValue(name)} is not a custom tool (${list}): add it to consumer/tools/custom.ts, or write the check as code`,
    );
  }
  const tool = available?.tools.find((each) => each.name === name);
  if (tool === undefined) return [];
  if (tool.effect !== "read")
    return fault(
      at,
      `the tool "${name}" has effects, and a check may run more than once: name a tool that only reads`,
    );
  return tool.reason === null ? [] : fault(at, `"${name}" cannot be used here: ${tool.reason}`);
}

/** Samples repeat the work, so no tool with effects may be among the task's. */
export const samples: Rule = ({ samples: wanted, tools = [], mcp = [] }, { available }) => {
  if (wanted === undefined) return [];
  const { count, need } = wanted;
  const details =
    need !== undefined && need > count
      ? fault("samples.need", `is more than samples.count (${count}): write at most ${count}`)
      : [];
  if (mcp.length > 0)
    details.push(
      ...fault("mcp", "cannot be used with samples: a call of an MCP server is a POST request"),
    );
  for (const [index, name] of tools.entries()) {
    const effect = available?.tools.find((tool) => tool.name === name)?.effect;
    if (effect === "effect")
      details.push(
        ...fault(
          `tools[${index}]`,
          `"${name}" has effects, which each sample would repeat: leave out the tool, or samples`,
        ),
      );
  }
  return details;
};

export const escalate: Rule = (task, scope) =>
  (task.escalate ?? []).flatMap(({ model }, index) =>
    otherModel(`escalate[${index}].model`, model, task.model ?? scope.model, scope),
  );

/** Only a rehearsal may name the rehearsal: it plays the task's next turns. */
function otherModel(at: string, id: string, own: string, scope: CheckScope): Detail[] {
  if (id === "rehearsal") {
    return own === "rehearsal"
      ? []
      : fault(at, '"rehearsal" plays the turns of a task whose own model is "rehearsal"');
  }
  const served = scope.checkModel(id);
  return served.ok ? [] : fault(at, served.error);
}
