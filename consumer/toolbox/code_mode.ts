/** Code mode: tool calls of a program belong to its step, and are checked and counted as the model's are. */
import { err, ok, type Result } from "../../shared/result.ts";
import type { ApprovalDesk } from "../approvals/desk.ts";
import { problemsOf, problemText } from "../models/repair/validate.ts";
import type { FileChanges, ToolAnswer } from "../sandbox/engine.ts";
import { offerOf } from "../tools/catalog.ts";
import type { Tool } from "../tools/define.ts";
import type { BudgetMeter } from "./budget_meter.ts";
import type { EffectGate } from "./effect_gate.ts";
import type { Workspace } from "./workspace.ts";

/** What a call needs of its slice. */
export interface CodeModeHost {
  tools: ReadonlyMap<string, Tool>;
  meter: Pick<BudgetMeter, "takeToolCall">;
  gate: Pick<EffectGate, "journalIntent">;
  approvals: Pick<ApprovalDesk, "needs">;
  run(tool: Tool, input: unknown): ReturnType<Tool["run"]>;
}

/** Calls a tool by name. A failed call is an answer to the program, never an exception. */
export async function callToolFromCode(
  host: CodeModeHost,
  name: string,
  argumentsJson: string,
): Promise<ToolAnswer> {
  const tool = host.tools.get(name);
  if (tool === undefined) return failedAnswer(`There is no tool "${name}".`);
  const permission = host.meter.takeToolCall();
  if (!permission.ok) return failedAnswer(permission.error);
  const input = checkInput(tool, argumentsJson);
  if (!input.ok) return failedAnswer(input.error);
  if (host.approvals.needs(tool, input.value)) {
    return failedAnswer(
      `approval_required: a person must approve ${name}. Do not call it from a program: call the tool itself.`,
    );
  }
  if (tool.effect === "effect" && !(await host.gate.journalIntent()))
    return failedAnswer("Another worker owns the task now.");
  const result = await host.run(tool, input.value);
  if (!result.ok) return failedAnswer(result.text);
  return { ok: true, json: JSON.stringify(result.value ?? result.text) };
}

/**
 * Syncs the program's files with the workspace around a call: the tool sees what the program wrote, and the
 * program what the tool wrote. The program gets the reason where the workspace rejects its changes.
 */
export async function withSyncedFiles(
  workspace: Workspace,
  changes: FileChanges,
  call: () => Promise<ToolAnswer>,
): Promise<ToolAnswer> {
  const applied = workspace.apply(changes);
  if (!applied.ok) return { ...failedAnswer(applied.error), kept: false };
  const { changeCount } = workspace;
  const answer = await call();
  return { ...answer, changes: workspace.changedSince(changeCount) };
}

const failedAnswer = (message: string): ToolAnswer => ({ ok: false, message });

function checkInput(tool: Tool, json: string): Result<unknown, string> {
  const input = parseJson(json);
  const schema = offerOf(tool).original;
  const problems = problemsOf(input, schema);
  return problems.length === 0 ? ok(input) : err(problemText(tool.name, problems, schema));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
