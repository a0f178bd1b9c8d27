/** The options of `fleet submit` that set fields of its tasks and of the batch. */
import { type Command, Option } from "commander";
import type { BatchHead } from "../../../../shared/task/batch.ts";
import { usageError } from "../../exit.ts";
import { parseJson, readJson } from "../../input.ts";
import type { Session } from "../../session.ts";
import { collect, collectList, parseLabels } from "../repeatable_option.ts";

/** Options that `fleet run` has too. */
export interface FieldOptions {
  defaults?: string;
  model?: string;
  policy?: string;
  limits?: string;
  tools?: string[];
  mcp?: string[];
  skill?: string[];
  concurrencyKey?: string;
  priority?: string;
  attempts?: string;
  label?: string[];
}

export interface BatchOptions extends FieldOptions {
  maxCost?: string;
  maxTokens?: string;
  name?: string;
  webhook?: string;
  webhookSecret?: string;
}

type Fields = Record<string, unknown>;

export const addFieldOptions = (command: Command, defaults: string): Command =>
  addOtherFieldOptions(command.option("--model <id>", "the model of each task"), defaults);

/** The options for the fields of a task, except its model. */
export function addOtherFieldOptions(command: Command, defaults: string): Command {
  return command
    .option("--policy <name>", "the policy of each task")
    .option("--limits <limits>", "limits of each task, such as steps=10,cost_usd=0.05, or JSON")
    .option("--tools <list>", "the tools of each task, comma-separated", collectList)
    .option("--mcp <list>", "the MCP servers of each task, comma-separated", collectList)
    .option("--skill <list>", "the skills of each task, comma-separated", collectList)
    .option(
      "--concurrency-key <key=limit>",
      "at most this many tasks with this key at a time (default 1)",
    )
    .addOption(
      new Option("--priority <priority>", "the priority of each task").choices(["normal", "low"]),
    )
    .option("--attempts <n>", "attempts of each task")
    .option(
      "--label <key=value>",
      "a label of each task and of the batch; can be repeated",
      collect,
    )
    .option("--defaults <json|@file>", defaults);
}

export function addBatchOptions(command: Command): Command {
  return addFieldOptions(command, "any other fields of each task, as JSON or in a file")
    .option("--max-cost <usd>", "the dollars that all tasks together may cost")
    .option("--max-tokens <n>", "the tokens that all tasks together may use")
    .option("--name <text>", "a name of the batch: its label name")
    .option("--webhook <url>", "call this https URL when the batch is finished")
    .option("--webhook-secret <name>", "the secret that signs the call");
}

/** The fields of each task. Those of `--defaults` come first, so that the other options replace them. */
export async function readTaskFields(session: Session, options: FieldOptions): Promise<Fields> {
  const base = await readDefaults(session, options.defaults);
  const fields: Fields = { ...base };
  for (const name of ["model", "policy", "priority", "tools", "mcp"] as const) {
    if (options[name] !== undefined) fields[name] = options[name];
  }
  if (options.skill !== undefined) fields.skills = options.skill;
  if (options.attempts !== undefined) fields.attempts = wholeNumber("--attempts", options.attempts);
  if (options.limits !== undefined) {
    fields.limits = { ...asFields(base.limits), ...parseLimits(options.limits) };
  }
  if (options.concurrencyKey !== undefined) {
    fields.concurrency = parseConcurrency(options.concurrencyKey);
  }
  if (options.label !== undefined) {
    fields.labels = { ...asFields(base.labels), ...parseLabels(options.label) };
  }
  return fields;
}

/** The batch's own fields. */
export function readBatchHead(options: BatchOptions): Omit<BatchHead, "defaults" | "after"> {
  const { maxCost, maxTokens, name, label, webhook: url, webhookSecret: secret } = options;
  const head: BatchHead = {};
  const limits = {
    ...(maxCost === undefined ? {} : { cost_usd: positiveNumber("--max-cost", maxCost) }),
    ...(maxTokens === undefined ? {} : { tokens: wholeNumber("--max-tokens", maxTokens) }),
  };
  if (Object.keys(limits).length > 0) head.limits = limits;
  const labels = { ...(name === undefined ? {} : { name }), ...parseLabels(label ?? []) };
  if (Object.keys(labels).length > 0) head.labels = labels;
  if (url !== undefined && secret === undefined) {
    throw usageError(
      "--webhook needs --webhook-secret: the name of a secret that the policy webhooks lists",
    );
  }
  if (secret !== undefined) {
    if (url === undefined) throw usageError("--webhook-secret needs --webhook <url>");
    head.webhook = { url, secret };
  }
  return head;
}

async function readDefaults(session: Session, value: string | undefined): Promise<Fields> {
  if (value === undefined) return {};
  const defaults = value.startsWith("@")
    ? await readJson(value.slice(1), session.context)
    : parseJson(value, "--defaults");
  if (defaults === null || typeof defaults !== "object" || Array.isArray(defaults)) {
    throw usageError("--defaults must be a JSON object of task fields");
  }
  return { ...defaults };
}

const asFields = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? { ...value } : {};

/** JSON, or `steps=10,cost_usd=0.05`. The API checks the names and the ranges. */
function parseLimits(text: string): Fields {
  if (text.trim().startsWith("{")) return asFields(parseJson(text, "--limits"));
  return Object.fromEntries(
    text.split(",").map((part) => {
      const [name = "", value] = part.split("=").map((word) => word.trim());
      if (name === "" || value === undefined) {
        throw usageError(
          "--limits takes JSON, or names and numbers such as steps=10,cost_usd=0.05",
        );
      }
      if (value === "" || !Number.isFinite(Number(value))) {
        throw usageError(`--limits ${part.trim()}: write a number`);
      }
      return [name, Number(value)];
    }),
  );
}

function parseConcurrency(text: string): { key: string; limit: number } {
  const [, key = "", limit = "1"] = /^(.*?)(?:=([^=]*))?$/s.exec(text) ?? [];
  if (key !== "" && /^[1-9]\d*$/.test(limit)) return { key, limit: Number(limit) };
  throw usageError(`--concurrency-key ${text}: write a key, or key=limit with a whole number`);
}

function wholeNumber(option: string, text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw usageError(`${option} must be a whole number from 1`);
}

function positiveNumber(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
  throw usageError(`${option} must be a number above 0`);
}
