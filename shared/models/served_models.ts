import { modelLimits, modelTryLimits } from "../limits.ts";
import { readBody } from "../platform/bounded_body.ts";
import { isRecord, parseJson } from "../text/json.ts";
import { nearestName } from "../text/nearest.ts";

const idsShown = 5;

/** What an endpoint answered to `GET {base}/models`. */
export type ServedModels =
  | { kind: "listed"; ids: string[] }
  /** It answers, but not with a list: many gateways have none. */
  | { kind: "unlisted"; status: number }
  | { kind: "key_refused"; status: number }
  /** A web page answered, so the address is not that of an API. */
  | { kind: "page"; status: number }
  | { kind: "unreachable"; message: string };

/** Asks once, in bounded time. Never rejects. */
export async function listServedModels(
  url: string,
  headers: Record<string, string>,
  send: typeof fetch,
): Promise<ServedModels> {
  try {
    const signal = AbortSignal.timeout(modelTryLimits.listMsMax);
    const response = await send(url, { redirect: "manual", headers, signal });
    const { status } = response;
    const body = await readBody(response);
    const text = body.kind === "text" ? body.text : "";
    if (status === 401 || status === 403) return { kind: "key_refused", status };
    if (/^\s*<(?:!doctype|html|head|body)/i.test(text)) return { kind: "page", status };
    const ids = response.ok ? idsIn(parseJson(text)) : null;
    return ids === null ? { kind: "unlisted", status } : { kind: "listed", ids };
  } catch (error) {
    return { kind: "unreachable", message: errorText(error) };
  }
}

/**
 * What to add to "no such model": the served model with the nearest name, or the first of those that
 * are served. Empty where the endpoint does not list its models. Never rejects.
 */
export async function servedModelsHint(
  url: string,
  model: string,
  headers: Record<string, string>,
  send: typeof fetch,
): Promise<string> {
  const servedModels = await listServedModels(url, headers, send);
  return servedModels.kind === "listed" ? idsHint(model, servedModels.ids) : "";
}

/** ` Did you mean "x"?`, or the first served models; empty where none is served. */
export function idsHint(model: string, ids: readonly string[]): string {
  if (ids.length === 0) return "";
  const suggestion = nearestName(model, ids) ?? ids.find((id) => isPartOf(model, id));
  return suggestion === undefined
    ? ` It serves ${ids.slice(0, idsShown).join(", ")}.`
    : ` Did you mean "${suggestion}"?`;
}

const isPartOf = (model: string, id: string): boolean => {
  const [short, long] = [model, id]
    .map((name) => name.toLowerCase())
    .sort((a, b) => a.length - b.length);
  return short !== undefined && short.length > 2 && long?.includes(short) === true;
};

/** Null for a body without a list. */
function idsIn(body: unknown): string[] | null {
  const list = isRecord(body) ? (body.data ?? body.models) : body;
  if (!Array.isArray(list)) return null;
  return list
    .slice(0, modelLimits.servedModelsMax)
    .map((each: unknown) => (isRecord(each) ? (each.id ?? each.name) : each))
    .filter((id): id is string => typeof id === "string")
    .map((id) => id.slice(0, 200));
}

/** Node's fetch hides the reason one level down; the Workers runtime has only one text for all. */
function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError")
    return `no response within ${modelTryLimits.listMsMax / 1_000} s`;
  const inner = error.cause instanceof Error ? error.cause : error;
  const code = "code" in inner ? String(inner.code) : "";
  if (code === "ECONNREFUSED") return "connection refused";
  if (code === "ENOTFOUND" || /internal error/.test(inner.message)) return "no such host";
  return /connection lost/i.test(inner.message) ? "connection refused or lost" : inner.message;
}
