/** The typed client as the CLI uses it: its errors also say what to do at the terminal. */

import { commandLineLimits } from "../../shared/limits.ts";
import type { BatchHead } from "../../shared/task/batch.ts";
import type { BatchResponse, ResultLine } from "../api/batches/responses.ts";
import {
  type CallError,
  type CallInput,
  type CallName,
  type CallResult,
  type CallValue,
  type FleetClient,
  fleetClient,
} from "../client/index.ts";
import { callFailed, codeOf, innerCause, unwrap } from "./exit.ts";

export interface ConnectionOptions {
  /** Such as http://127.0.0.1:8787, without a trailing slash. */
  url: string;
  key: string;
  fetch: typeof fetch;
}

/** A response of another service than a fleet is an error before any command reads it. */
export function connectTo({ url, key, fetch }: ConnectionOptions): FleetClient {
  let isExpected: ((name: CallName, value: unknown) => boolean) | undefined;
  const client = fleetClient({
    ...{ url, key, fetch },
    isExpected: (name, value) => isExpected?.(name, value) ?? true,
  });
  return async <Name extends CallName>(name: Name, ...[input]: [CallInput<Name>?]) => {
    // The schemas of all operations: commands that call nothing start without them.
    isExpected ??= (await import("./schema_match.ts")).matchesOperation;
    const signal = AbortSignal.timeout(commandLineLimits.requestMsMax);
    const call = { signal, ...input } as unknown as CallInput<Name>;
    const result: CallResult<CallValue<Name>> = await (client as AnyCall<Name>)(name, call);
    if (result.ok) return result;
    return { ok: false, error: { ...result.error, message: messageFor(url, result.error) } };
  };
}

type AnyCall<Name extends CallName> = (
  name: Name,
  input: CallInput<Name>,
) => Promise<CallResult<CallValue<Name>>>;

/** JSON from a file or from options, sent unchecked: the API reports what it does not accept. */
export const jsonBody = (value: unknown) =>
  ({ body: JSON.stringify(value), type: "application/json" }) as const;

/** A batch to send: JSON, or NDJSON lines with the batch's own fields in the query. */
export interface BatchBody {
  body: string;
  type: "application/json" | "application/x-ndjson";
  query: BatchHead;
}

/** The call can also return a dry run; without `dry_run` it never does. */
export async function submitBatch(
  client: FleetClient,
  batch: BatchBody,
  idempotencyKey: string,
): Promise<CallResult<BatchResponse>> {
  return (await client("POST /v1/batches", {
    ...batch,
    idempotencyKey,
  })) as CallResult<BatchResponse>;
}

/** All results of a batch; a connection that breaks ends the command. */
export async function fetchResults(client: FleetClient, id: string): Promise<ResultLine[]> {
  const lines = unwrap(await client("GET /v1/batches/:id/results", { id }));
  try {
    const results: ResultLine[] = [];
    for await (const line of lines) results.push(line);
    return results;
  } catch (cause) {
    throw callFailed({
      code: "unreachable",
      status: 0,
      message: `the results of ${id} are incomplete: the connection broke, or this is not a Flotilla fleet; try again`,
      details: [],
      cause,
    });
  }
}

function messageFor(url: string, error: CallError): string {
  switch (error.code) {
    case "aborted":
      return `no response from ${url} within ${commandLineLimits.requestMsMax / 1000} s`;
    case "unreachable": {
      const hint = isLoopback(url)
        ? "start the fleet with npm start, or set its address with --url"
        : "check --url or FLEET_URL";
      const code = codeOf(error);
      const reason = code === "unreachable" ? (innerCause(error.cause)?.message ?? code) : code;
      return `cannot reach a fleet at ${url} (${reason}): ${hint}`;
    }
    case "not_a_fleet":
      return `${error.message}: check --url or FLEET_URL`;
    case "not_found":
      return `${error.message}${listHint(error.message, url)}`;
    case "unauthorized":
      return `${error.message} (set --key or FLEET_API_KEY)`;
    case "unavailable":
      return `${error.message} (does the deployed fleet have its key? run fleet doctor)`;
    default:
      return error.message;
  }
}

/** The command that lists what exists, for an id that the fleet does not have. */
function listHint(message: string, url: string): string {
  const [, noun = ""] = /^no (task|batch|schedule|key|webhook) with/.exec(message) ?? [];
  const command = new Map([
    ["task", "fleet list"],
    ["batch", "fleet batches"],
    ["schedule", "fleet schedules"],
    ["key", "fleet keys"],
    ["webhook", "fleet webhooks"],
  ]).get(noun);
  return command === undefined ? "" : ` at ${url}: list them with ${command}`;
}

/** The address is this machine: only then may the default key be sent. */
export function isLoopback(url: string): boolean {
  const name = URL.canParse(url) ? new URL(url).hostname : "";
  return name === "localhost" || name === "[::1]" || /^127(\.\d+){3}$/.test(name);
}
