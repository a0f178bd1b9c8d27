/**
 * A batch of an uploaded file: its lines become tasks and go the way of every other batch. Lines that
 * cannot be tasks make a batch that has failed and names them, which is how clients of this shape learn of it.
 */
import { Value } from "@sinclair/typebox/value";
import { isFileId, newBatchId } from "../../shared/ids.ts";
import { batchLimits, openAiLimits, taskLimits } from "../../shared/limits.ts";
import { log } from "../../shared/log.ts";
import { objectKeys, openObject } from "../../shared/objects.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { StoreFault } from "../../shared/retrying.ts";
import {
  type BatchRow,
  findBatchByKey,
  insertRefusedBatch,
  readBatch,
} from "../../shared/store/batches.ts";
import { readFile } from "../../shared/store/files.ts";
import type { Principal } from "../auth/principal.ts";
import { headOf, readLine } from "../batches/batch_body.ts";
import type { Entry } from "../batches/batch_input.ts";
import type { BatchHead } from "../batches/batches.ts";
import { readLines } from "../batches/lines.ts";
import type { ProducerEnv } from "../env.ts";
import type { Detail, Problem } from "../http/problem.ts";
import { keyTaken } from "../tasks/accept.ts";
import { refusedTask } from "../tasks/check.ts";
import { scopeHere } from "../tasks/check_scope.ts";
import { explain } from "../tasks/explain.ts";
import { submitBatch } from "../tasks/submit.ts";
import { taskFaults } from "../tasks/task_rules.ts";
import { type Endpoint, factsOf, type OpenAiFacts } from "./facts.ts";
import type { Json } from "./fields.ts";
import { lineTask, paramOf } from "./request_line.ts";
import { NewOpenAiBatch } from "./requests.ts";
import { readSettings } from "./settings.ts";

/** `fresh` is false where its idempotency key had made it before. */
export async function createOpenAiBatch(
  env: ProducerEnv,
  principal: Principal,
  body: unknown,
  key: string | null,
): Promise<Result<{ row: BatchRow; fresh: boolean }, Problem>> {
  if (!Value.Check(NewOpenAiBatch, body)) {
    return err(refusedTask(explain(NewOpenAiBatch, body)));
  }
  const { input_file_id, endpoint, completion_window } = body;
  const hours = hoursOf(completion_window);
  if (hours > openAiLimits.windowHoursMax) {
    const message = `is too long: write at most ${openAiLimits.windowHoursMax}h`;
    return err(refusedTask([{ path: "completion_window", message }]));
  }
  const expires_at = Date.now() + hours * 3_600_000;
  const metadata = body.metadata ?? null;
  const facts = { endpoint, input_file_id, completion_window, metadata, expires_at };
  const held = key === null ? null : await findBatchByKey(env.DB, principal.tenant, key);
  if (held !== null) {
    return sameAsked(factsOf(held), facts)
      ? ok({ row: held, fresh: false })
      : err(keyTaken(held.id));
  }
  const head = await readHead(env, principal, facts);
  if (!head.ok) return head;
  const bytes = await openInput(env, principal.tenant, input_file_id);
  if (!bytes.ok) return bytes;
  const entries = entriesOf(bytes.value, endpoint);
  const made = await submitBatch(env, principal, { head: head.value, entries, dryRun: false }, key);
  if (made.ok) return made;
  const details = lineFaults(made.error, facts);
  return details === null ? made : refuse(env, principal.tenant, key, facts, details);
}

const hoursOf = (window: string): number =>
  Number(window.slice(0, -1)) * (window.endsWith("d") ? 24 : 1);

/** A window is counted from when it was asked for, so the time itself is no part of the question. */
function sameAsked(held: OpenAiFacts | null, asked: OpenAiFacts): boolean {
  return held !== null && Value.Equal({ ...held, expires_at: 0 }, { ...asked, expires_at: 0 });
}

/** What the key and the metadata say of all tasks. Metadata go before the key, and a line before both. */
async function readHead(
  env: ProducerEnv,
  principal: Principal,
  facts: OpenAiFacts,
): Promise<Result<BatchHead, Problem>> {
  const { settings, faults } = readSettings(facts.metadata ?? {});
  if (faults.length > 0) return err(refusedTask(faults));
  const { task, ...rest } = settings;
  const ofKey = JSON.parse(principal.key?.defaults ?? "{}") as Json;
  const expires_at = new Date(facts.expires_at).toISOString();
  const head = headOf({ ...rest, defaults: { ...ofKey, ...task, expires_at } });
  if (!head.ok) return err(asMetadata(head.error));
  const scope = await scopeHere(env, principal);
  const { defaults, webhook } = head.value;
  // A model may be named, and a rehearsal brought, by each line; everything else is judged here, once.
  const known = Object.keys(defaults).filter((name) => name !== "model");
  const details = taskFaults({ ...defaults, prompt: "?" }, scope)
    .filter(({ path }) => known.includes(/^\w*/.exec(path)?.[0] ?? ""))
    .map((detail) => ({ ...detail, path: `metadata.${detail.path}` }));
  const told = webhook === undefined ? null : scope.webhookFault(webhook);
  if (told !== null) details.push({ path: "metadata.webhook", message: told });
  if (details.length > 0) return err(refusedTask(details));
  return ok({ ...head.value, openai: facts });
}

function asMetadata(problem: Problem): Problem {
  if (problem.kind !== "refused") return problem;
  const details = problem.details.map((detail) => ({
    ...detail,
    path: detail.path.startsWith("defaults.")
      ? detail.path.replace("defaults.", "metadata.")
      : `metadata.${detail.path.replace(/^limits/, "batch_limits")}`,
  }));
  return refusedTask(details);
}

async function openInput(
  env: ProducerEnv,
  tenant: string,
  id: string,
): Promise<Result<AsyncIterable<Uint8Array>, Problem>> {
  const file = isFileId(id) ? await readFile(env.DB, tenant, id) : null;
  if (file !== null && file.purpose !== "batch") {
    const message = "is an output file: upload the requests as a file with the purpose batch";
    return err(refusedTask([{ path: "input_file_id", message }]));
  }
  const object = file === null ? null : await openObject(env.OBJECTS, objectKeys.file(tenant, id));
  if (object !== null) return ok(object.body as ReadableStream<Uint8Array>);
  return err({ kind: "not_found", message: `no file has the id ${JSON.stringify(id)}` });
}

async function* entriesOf(
  bytes: AsyncIterable<Uint8Array>,
  endpoint: Endpoint,
): AsyncGenerator<Entry> {
  const lines = readLines(bytes, {
    bytesMax: batchLimits.ndjsonBytesMax,
    lineBytesMax: taskLimits.bodyBytesMax,
  });
  for await (const line of lines) {
    const value = readLine(line);
    yield { line: line.number, body: value.ok ? lineTask(endpoint, value.value) : value };
  }
}

/** The faults of the file's lines, spelled as its lines are; null where something else is the problem. */
function lineFaults(problem: Problem, facts: OpenAiFacts): Detail[] | null {
  switch (problem.kind) {
    case "refused":
    case "unreadable":
      return (problem.details ?? []).map((detail) => spelledOut(detail, facts));
    case "too_large":
      return [{ path: "", message: problem.message, code: problem.kind }];
    default:
      return null;
  }
}

function spelledOut({ line, path, message, code }: Detail, facts: OpenAiFacts): Detail {
  if (line === undefined) return { path: "", message, code: "empty_file" };
  // What only the whole file can say of an id is that another line has it.
  const word =
    path === "" ? "invalid_json_line" : path === "custom_id" ? "duplicate_custom_id" : null;
  return {
    line,
    path: paramOf(facts.endpoint, path, Object.keys(facts.metadata ?? {})) ?? "",
    message,
    code: code ?? word ?? "invalid_value",
  };
}

async function refuse(
  env: ProducerEnv,
  tenant: string,
  key: string | null,
  facts: OpenAiFacts,
  details: Detail[],
): Promise<Result<{ row: BatchRow; fresh: boolean }, Problem>> {
  const id = newBatchId();
  const message = "the file is refused, so nothing is accepted: mend the lines that are named";
  await insertRefusedBatch(env.DB, {
    id,
    tenant,
    idempotency_key: key,
    input_key: objectKeys.batchInput(tenant, id),
    openai: JSON.stringify(facts),
    problem: JSON.stringify({ code: "refused", message, details }),
  });
  log("batch_refused", { batch_id: id, tenant, faults: details.length });
  const row = await readBatch(env.DB, tenant, id);
  if (row !== null) return ok({ row, fresh: false });
  const held = key === null ? null : await findBatchByKey(env.DB, tenant, key);
  if (held === null) throw new StoreFault(`batch ${id} is not there after its insert`);
  return ok({ row: held, fresh: false });
}
