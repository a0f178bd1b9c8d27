import { isRecord, parseJson } from "../../../shared/json.ts";
import { modelLimits } from "../../../shared/limits.ts";
import { nearestName } from "../../../shared/nearest.ts";
import { readBody } from "../reply/reply_body.ts";

const listMsMax = 5_000;
const idsShown = 5;

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
  try {
    const response = await send(url, {
      redirect: "manual",
      headers,
      signal: AbortSignal.timeout(listMsMax),
    });
    if (!response.ok) return "";
    const body = await readBody(response);
    const ids = body.kind === "text" ? idsIn(parseJson(body.text)) : [];
    if (ids.length === 0) return "";
    const near = nearestName(model, ids) ?? ids.find((id) => isPartOf(model, id));
    return near === undefined
      ? ` It serves ${ids.slice(0, idsShown).join(", ")}.`
      : ` Did you mean "${near}"?`;
  } catch {
    return "";
  }
}

const isPartOf = (model: string, id: string): boolean => {
  const [short, long] = [model, id]
    .map((name) => name.toLowerCase())
    .sort((a, b) => a.length - b.length);
  return short !== undefined && short.length > 2 && long?.includes(short) === true;
};

function idsIn(body: unknown): string[] {
  const list = isRecord(body) ? (body.data ?? body.models) : body;
  if (!Array.isArray(list)) return [];
  return list
    .slice(0, modelLimits.servedModelsMax)
    .map((each: unknown) => (isRecord(each) ? (each.id ?? each.name) : each))
    .filter((id): id is string => typeof id === "string")
    .map((id) => id.slice(0, 200));
}
