/** The typed client as the command line uses it: with words for the person at the terminal. */

import type { BatchHead } from "../../shared/batch.ts";
import { commandLineLimits } from "../../shared/limits.ts";
import type { BatchAnswer, ResultLine } from "../api/batches/responses.ts";
import {
  type Answer,
  type CallName,
  type Fleet,
  fleetClient,
  type Given,
  type Refusal,
  type Value,
} from "../client/index.ts";
import { required, stopFor } from "./exit.ts";
import { isFamiliar } from "./schema_match.ts";

export interface Connection {
  /** Such as http://127.0.0.1:8787, without a slash at the end. */
  url: string;
  key: string;
  fetch: typeof fetch;
}

/** What a service that is no fleet answers is told from a fleet's answer before any command reads it. */
export function fleetFor({ url, key, fetch }: Connection): Fleet {
  const client = fleetClient({ url, key, fetch, familiar: isFamiliar });
  return async <Name extends CallName>(name: Name, ...[given]: [Given<Name>?]) => {
    const signal = AbortSignal.timeout(commandLineLimits.requestMsMax);
    const call = { signal, ...given } as unknown as Given<Name>;
    const answer: Answer<Value<Name>> = await (client as AnyCall<Name>)(name, call);
    return answer.ok ? answer : { ...answer, message: told(url, answer) };
  };
}

type AnyCall<Name extends CallName> = (
  name: Name,
  given: Given<Name>,
) => Promise<Answer<Value<Name>>>;

/** JSON that a person wrote, or chose by options: the API says itself what it does not take. */
export const asSent = (value: unknown) =>
  ({ body: JSON.stringify(value), type: "application/json" }) as const;

/** A batch as it goes out: JSON, or lines with in the query what belongs to no line. */
export interface ToSend {
  body: string;
  type: "application/json" | "application/x-ndjson";
  query: BatchHead;
}

/** The same call tries a batch, which answers another shape. */
export async function submitted(
  client: Fleet,
  sent: ToSend,
  idempotencyKey: string,
): Promise<Answer<BatchAnswer>> {
  return (await client("POST /v1/batches", { ...sent, idempotencyKey })) as Answer<BatchAnswer>;
}

/** All results of a batch; a connection that breaks on the way ends the command. */
export async function resultsOf(client: Fleet, id: string): Promise<ResultLine[]> {
  const lines = required(await client("GET /v1/batches/:id/results", { id }));
  try {
    const all: ResultLine[] = [];
    for await (const line of lines) all.push(line);
    return all;
  } catch (cause) {
    throw stopFor({
      ok: false,
      code: "unreachable",
      status: 0,
      message: `the results of ${id} broke off, and this is no fleet, or no longer: try again`,
      details: [],
      cause,
    });
  }
}

/** The code of a refusal; where nothing answered, the reason that Node names, such as ECONNREFUSED. */
export function codeOf(refusal: Refusal): string {
  const reason = "cause" in refusal ? reasonOf(refusal.cause) : null;
  return reason !== null && "code" in reason ? String(reason.code) : refusal.code;
}

/** Node's fetch hides what went wrong one level down. */
function reasonOf(cause: unknown): Error | null {
  if (!(cause instanceof Error)) return null;
  return cause.cause instanceof Error ? cause.cause : cause;
}

function told(url: string, refusal: Refusal): string {
  switch (refusal.code) {
    case "aborted":
      return `no fleet answers at ${url}: nothing came back within ${commandLineLimits.requestMsMax / 1000} s`;
    case "unreachable": {
      const hint = isLoopback(url)
        ? "start it with npm start, or say where it is with --url"
        : "check --url or FLEET_URL";
      const code = codeOf(refusal);
      const why = code === "unreachable" ? (reasonOf(refusal.cause)?.message ?? code) : code;
      return `no fleet answers at ${url} (${why}): ${hint}`;
    }
    case "not_a_fleet":
      return `${refusal.message}: check --url or FLEET_URL`;
    case "not_found":
      return `${refusal.message}${lookedFor(refusal.message, url)}`;
    case "unauthorized":
      return `${refusal.message} (set --key or FLEET_API_KEY)`;
    case "unavailable":
      return `${refusal.message} (is the deployed fleet missing its key? see fleet doctor)`;
    default:
      return refusal.message;
  }
}

/** Where to look for what a fleet does not have; every tenant and every fleet has its own. */
function lookedFor(message: string, url: string): string {
  const [, what = ""] = /^no (task|batch|schedule|key|webhook) with/.exec(message) ?? [];
  const lister = new Map([
    ["task", "fleet list"],
    ["batch", "fleet batches"],
    ["schedule", "fleet schedules"],
    ["key", "fleet keys"],
    ["webhook", "fleet webhooks"],
  ]).get(what);
  return lister === undefined ? "" : ` at ${url}: ${lister} shows what there is`;
}

/** Whether the address is this machine: only then may a default key be sent. */
export function isLoopback(url: string): boolean {
  const name = URL.canParse(url) ? new URL(url).hostname : "";
  return name === "localhost" || name === "[::1]" || /^127(\.\d+){3}$/.test(name);
}
