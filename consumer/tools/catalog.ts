/** The tools of this fleet, and those that one task is offered. */
import type { ConsumerEnv } from "../env.ts";
import type { ToolOffer } from "../models/model.ts";
import { customTools } from "./custom.ts";
import type { Tool } from "./define.ts";
import { fetchUrl } from "./fetch_url.ts";
import { listFiles, readFile, writeFile } from "./files.ts";
import { runCode } from "./run_code.ts";

export const finalAnswerName = "final_answer";

/** In the order in which a model sees them. `final_answer` is not among them: its schema is the task's. */
export const catalog: readonly Tool[] = [
  runCode,
  readFile,
  writeFile,
  listFiles,
  fetchUrl,
  ...customTools,
];

/** The tools a task may call: those it names, or all; never one that is not configured. */
export function toolsFor(names: readonly string[] | undefined, env: ConsumerEnv): Tool[] {
  return catalog.filter(
    (tool) =>
      (names === undefined || names.includes(tool.name)) && (tool.requires?.(env) ?? null) === null,
  );
}

/** The answer of a task that gives no output_schema. */
export const textOutputSchema: Record<string, unknown> = {
  type: "object",
  properties: { text: { type: "string", description: "the answer" } },
  required: ["text"],
  additionalProperties: false,
};

export function offerOf(tool: Tool): ToolOffer {
  const schema = JSON.parse(JSON.stringify(tool.input)) as Record<string, unknown>;
  return {
    name: tool.name,
    description: tool.description,
    parameters: schema,
    original: schema,
    effect: tool.effect,
  };
}

/** The answer is a tool call, because open models keep to a schema best where it is a tool's. */
export function finalAnswerOffer(
  schema: Record<string, unknown>,
  simplified: Record<string, unknown>,
): ToolOffer {
  return {
    name: finalAnswerName,
    description:
      "Gives the task's final answer and ends the task. Call it once, when the work is done.",
    parameters: simplified,
    original: schema,
    effect: "read",
  };
}
