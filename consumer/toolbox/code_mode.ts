/** Code mode: a program's calls of tools are calls of its step, checked and counted as the model's are. */
import { problemsOf, problemText } from "../models/validate.ts";
import type { FileChanges, ToolAnswer } from "../sandbox/engine.ts";
import { offerOf } from "../tools/catalog.ts";
import type { Tool } from "../tools/define.ts";
import type { Workspace } from "./workspace.ts";

/** What a call needs of the slice that it is made in. */
export interface CallingSlice {
  tools: ReadonlyMap<string, Tool>;
  /** The bound `limits.tool_calls`, and whether one more call stays below it, leaving one for the end. */
  callsMax: number;
  mayCall(): boolean;
  count(): void;
  /** Journals that something with effects begins; false when it must not. */
  begin(): Promise<boolean>;
  run(tool: Tool, input: unknown): ReturnType<Tool["run"]>;
}

/** Answers a call by name. What is wrong with it is an answer to the program, never an exception. */
export async function callFromCode(
  slice: CallingSlice,
  name: string,
  argumentsJson: string,
): Promise<ToolAnswer> {
  const tool = slice.tools.get(name);
  if (tool === undefined) return no(`There is no tool "${name}".`);
  if (!slice.mayCall()) return no(`limits.tool_calls (${slice.callsMax}) is used up.`);
  slice.count();
  const input = readJson(argumentsJson);
  const schema = offerOf(tool).original;
  const problems = problemsOf(input, schema);
  if (problems !== null) return no(problemText(name, problems, schema));
  if (tool.effect === "effect" && !(await slice.begin()))
    return no("The task is owned by another worker now.");
  const result = await slice.run(tool, input);
  if (!result.ok) return no(result.text);
  return { ok: true, json: JSON.stringify(result.value ?? result.text) };
}

/**
 * Keeps the program's files and the workspace in step around a call: the tool sees what the program has
 * written, and the program what the tool has. Changes that the workspace refuses are the program's to mend.
 */
export async function inStep(
  workspace: Workspace,
  changes: FileChanges,
  call: () => Promise<ToolAnswer>,
): Promise<ToolAnswer> {
  const refusal = workspace.apply(changes);
  if (refusal !== null) return { ...no(refusal), kept: false };
  const { mark } = workspace;
  const answer = await call();
  return { ...answer, changes: workspace.changedSince(mark) };
}

const no = (message: string): ToolAnswer => ({ ok: false, message });

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
