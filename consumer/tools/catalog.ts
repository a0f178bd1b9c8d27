/** The tools of this fleet, and those that one task is offered. */
import type { ConsumerEnv } from "../env.ts";
import type { ToolOffer } from "../models/model.ts";
import { simplifySchema } from "../models/simplify.ts";
import { customTools } from "./custom.ts";
import type { Tool } from "./define.ts";
import { editFile } from "./edit_file.ts";
import { fetchUrl } from "./fetch_url.ts";
import { findFiles, listFiles } from "./find_files.ts";
import { grepFiles } from "./grep_files.ts";
import { readFile } from "./read_file.ts";
import { runCode } from "./run_code.ts";
import { signatureOf } from "./signature.ts";
import { deleteFile, writeFile } from "./write_file.ts";

export const finalAnswerName = "final_answer";

/** In the order in which a model sees them. `final_answer` is not among them: its schema is the task's. */
export const catalog: readonly Tool[] = [
  runCode,
  readFile,
  writeFile,
  editFile,
  listFiles,
  findFiles,
  grepFiles,
  deleteFile,
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

const offers = new WeakMap<Tool, ToolOffer>();

/** One offer for each tool, made once: validators are kept by their schema's identity. */
export function offerOf(tool: Tool): ToolOffer {
  const known = offers.get(tool);
  if (known !== undefined) return known;
  const original = JSON.parse(JSON.stringify(tool.input)) as Record<string, unknown>;
  const { name, description, effect } = tool;
  const offer = { name, description, effect, original, parameters: simplifySchema(original) };
  offers.set(tool, offer);
  return offer;
}

/**
 * The offers of one task's tools. `run_code` says how a program calls the others: the same text for
 * the same tools, so that the prompt's beginning never changes.
 */
export function offersOf(tools: readonly Tool[]): ToolOffer[] {
  const others = tools.filter((tool) => callableFromCode(tool.name));
  const signatures = others.map((tool) => signatureOf(tool, offerOf(tool).parameters));
  return tools.map((tool) => {
    const offer = offerOf(tool);
    if (tool.name !== runCode.name || others.length === 0) return offer;
    const told = `\nA program can call, each with one object, and must await:\n${signatures.join("\n")}`;
    return { ...offer, description: `${offer.description}${told}` };
  });
}

/** The sandbox cannot start another one of itself. */
export const callableFromCode = (name: string): boolean => name !== runCode.name;

/** The answer is a tool call, because open models keep to a schema best where it is a tool's. */
export function finalAnswerOffer(schema: Record<string, unknown>): ToolOffer {
  return {
    name: finalAnswerName,
    description:
      "Gives the task's final answer and ends the task. Call it once, when the work is done.",
    parameters: simplifySchema(schema),
    original: schema,
    effect: "read",
  };
}
