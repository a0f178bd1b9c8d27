/** The tools of this fleet, and the offers that one task's model gets. */

import type { ToolOffer } from "../../shared/models/model.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { customToolNames } from "../../shared/task/custom_tools.ts";
import type { ConsumerEnv } from "../config/env.ts";
import { simplifySchema } from "../models/request/simplify.ts";
import type { Engine } from "../sandbox/engine.ts";
import { checkEngine } from "../sandbox/microvm/provider.ts";
import { checkBindings, checkTenant } from "./bindings.ts";
import { customTools } from "./custom.ts";
import type { Tool } from "./define.ts";
import { signatureOf } from "./signature.ts";
import { editFile } from "./standard/edit_file.ts";
import { fetchUrl } from "./standard/fetch_url.ts";
import { findFiles, listFiles } from "./standard/find_files.ts";
import { grepFiles } from "./standard/grep_files.ts";
import { readFile } from "./standard/read_file.ts";
import { runCode, runShell } from "./standard/run_code.ts";
import { deleteFile, writeFile } from "./standard/write_file.ts";
import { browse } from "./with_bindings/browse.ts";
import { callService } from "./with_bindings/call_service.ts";
import { generateImage } from "./with_bindings/generate_image.ts";
import { queryD1 } from "./with_bindings/query_d1.ts";
import { runBash } from "./with_bindings/run_bash.ts";
import { screenshot } from "./with_bindings/screenshot.ts";
import { searchVectors } from "./with_bindings/search_vectors.ts";
import { sendEmail } from "./with_bindings/send_email.ts";

export const finalAnswerName = "final_answer";

/** In the order in which a model sees them. `final_answer` is not included: its schema is the task's. */
export const catalog: readonly Tool[] = [
  runCode,
  runShell,
  readFile,
  writeFile,
  editFile,
  listFiles,
  findFiles,
  grepFiles,
  deleteFile,
  fetchUrl,
  browse,
  screenshot,
  generateImage,
  queryD1,
  searchVectors,
  sendEmail,
  callService,
  runBash,
  ...customTools,
];

for (const { name } of customTools) {
  if (!customToolNames.includes(name))
    throw new Error(`List ${name} in shared/task/custom_tools.ts, so that the API accepts it.`);
}

/** Whether a tenant's tasks may be offered the tool. The error says what to set. */
export function checkAvailable(tool: Tool, tenant: string, env: ConsumerEnv): Result<void, string> {
  for (const check of [checkSandboxes, checkBindings, checkRequires]) {
    const result = check(tool, env);
    if (!result.ok) return result;
  }
  return checkTenant(tool, tenant, env.TOOL_TENANTS);
}

/** One of the tool's sandboxes is enough. */
function checkSandboxes({ sandboxes = [] }: Tool, env: ConsumerEnv): Result<void, string> {
  const engines = sandboxes.map((kind) => checkEngine(kind, env));
  return engines.find(({ ok: isUsable }) => isUsable) ?? engines[0] ?? ok(undefined);
}

/** What `requires` throws is not passed on: it may hold a secret. */
function checkRequires(tool: Tool, env: ConsumerEnv): Result<void, string> {
  try {
    return tool.requires?.(env) ?? ok(undefined);
  } catch {
    return err("Its requires() threw an error, so it is unknown whether the tool is configured.");
  }
}

function checkFits(
  tool: Tool,
  { tenant, sandbox }: { tenant: string; sandbox: Engine["name"] },
  env: ConsumerEnv,
): Result<void, string> {
  if (tool.sandboxes?.includes(sandbox) === false) {
    return err(
      `It needs the sandbox ${tool.sandboxes.join(" or ")}, and the task's is ${sandbox}.`,
    );
  }
  return checkAvailable(tool, tenant, env);
}

/**
 * The tools that a task may call: all that are configured, or those that it names. Fails when one that it
 * names is not available: a task that names a tool must not run without it.
 */
export function selectTools(
  names: readonly string[] | undefined,
  task: { tenant: string; sandbox: Engine["name"] },
  env: ConsumerEnv,
): Result<Tool[], string> {
  if (names === undefined) return ok(catalog.filter((tool) => checkFits(tool, task, env).ok));
  const problems = names.flatMap((name) => {
    if (name === finalAnswerName) return [];
    const tool = catalog.find((each) => each.name === name);
    const result = tool === undefined ? err("There is no such tool.") : checkFits(tool, task, env);
    return result.ok ? [] : [`The tool ${name} cannot be used here. ${result.error}`];
  });
  if (problems.length > 0) return err(problems.join(" "));
  return ok(catalog.filter(({ name }) => names.includes(name)));
}

/** The answer of a task that gives no output_schema. */
export const textOutputSchema: Record<string, unknown> = {
  type: "object",
  properties: { text: { type: "string", description: "the answer" } },
  required: ["text"],
  additionalProperties: false,
};

const offers = new WeakMap<Tool, ToolOffer>();

/** The same object for the same tool: validators are cached by the identity of their schema. */
export function offerOf(tool: Tool): ToolOffer {
  const cached = offers.get(tool);
  if (cached !== undefined) return cached;
  const original = JSON.parse(JSON.stringify(tool.input)) as Record<string, unknown>;
  const { name, description, effect } = tool;
  const offer = { name, description, effect, original, parameters: simplifySchema(original) };
  offers.set(tool, offer);
  return offer;
}

/**
 * The offers of one task's tools. `run_code` describes how a program calls the others: the same text for
 * the same tools, so that the cached prefix never changes.
 */
export function offersOf(tools: readonly Tool[]): ToolOffer[] {
  const callableTools = tools.filter(({ name }) => isCallableFromCode(name));
  const signatures = callableTools.map((tool) => signatureOf(tool, offerOf(tool).parameters));
  return tools.map((tool) => {
    const offer = offerOf(tool);
    if (tool.name !== runCode.name || callableTools.length === 0) return offer;
    const list = `\nA program can call, each with one object, and must await:\n${signatures.join("\n")}`;
    return { ...offer, description: `${offer.description}${list}` };
  });
}

/** A sandbox cannot start another one of itself. */
export const isCallableFromCode = (name: string): boolean =>
  name !== runCode.name && name !== runShell.name;

/** The answer is a tool call, because open models follow a schema best when it is that of a tool. */
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
