/** The tools of this fleet, and those that one task is offered. */
import type { ConsumerEnv } from "../config/env.ts";
import type { ToolOffer } from "../models/model.ts";
import { simplifySchema } from "../models/request/simplify.ts";
import type { Engine } from "../sandbox/engine.ts";
import { engineUnavailable } from "../sandbox/microvm/provider.ts";
import { missingBinding, tenantFault } from "./bindings.ts";
import { browse } from "./with_bindings/browse.ts";
import { callService } from "./with_bindings/call_service.ts";
import { generateImage } from "./with_bindings/generate_image.ts";
import { queryD1 } from "./with_bindings/query_d1.ts";
import { runBash } from "./with_bindings/run_bash.ts";
import { screenshot } from "./with_bindings/screenshot.ts";
import { searchVectors } from "./with_bindings/search_vectors.ts";
import { sendEmail } from "./with_bindings/send_email.ts";
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

export const finalAnswerName = "final_answer";

/** In the order in which a model sees them. `final_answer` is not among them: its schema is the task's. */
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

/** Null when a tenant's tasks may be offered the tool, else a sentence that says what to set. */
export function unavailable(tool: Tool, tenant: string, env: ConsumerEnv): string | null {
  return (
    missingEngine(tool, env) ??
    missingBinding(tool, env) ??
    askRequires(tool, env) ??
    tenantFault(tool, tenant, env.TOOL_TENANTS)
  );
}

function missingEngine({ sandboxes }: Tool, env: ConsumerEnv): string | null {
  const faults = (sandboxes ?? []).map((kind) => engineUnavailable(kind, env));
  return faults.includes(null) ? null : (faults[0] ?? null);
}

function unfit(
  tool: Tool,
  { tenant, sandbox }: { tenant: string; sandbox: Engine["name"] },
  env: ConsumerEnv,
): string | null {
  if (tool.sandboxes?.includes(sandbox) === false) {
    return `It needs the sandbox ${tool.sandboxes.join(" or ")}, and the task's is ${sandbox}.`;
  }
  return unavailable(tool, tenant, env);
}

/** A `requires` that throws says that its tool cannot be used; what it threw may hold a secret. */
function askRequires(tool: Tool, env: ConsumerEnv): string | null {
  try {
    return tool.requires?.(env) ?? null;
  } catch {
    return "Its requires() threw an error, so nobody can tell whether it is configured.";
  }
}

/**
 * The tools a task may call: every one that is configured, or those it names. A name that cannot be
 * served is a fault: a task that asked for a tool is not to run without it.
 */
export function toolsFor(
  names: readonly string[] | undefined,
  task: { tenant: string; sandbox: Engine["name"] },
  env: ConsumerEnv,
): { ok: true; tools: Tool[] } | { ok: false; message: string } {
  const faults = (names ?? []).flatMap((name) => {
    if (name === finalAnswerName) return [];
    const tool = catalog.find((one) => one.name === name);
    const why = tool === undefined ? "There is none." : unfit(tool, task, env);
    return why === null ? [] : [`The tool ${name} cannot be used here. ${why}`];
  });
  if (faults.length > 0) return { ok: false, message: faults.join(" ") };
  const tools = catalog.filter(
    (tool) => names?.includes(tool.name) ?? unfit(tool, task, env) === null,
  );
  return { ok: true, tools };
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
export const callableFromCode = (name: string): boolean =>
  name !== runCode.name && name !== runShell.name;

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
