/** Whether an answer is one that the document promises. Every answer that these tests get is held to it. */
import { FormatRegistry, type TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { openRoutes, routes } from "../../producer/api.ts";
import { refusedWith } from "../../producer/http/openapi.ts";
import type { Operation } from "../../producer/http/operation.ts";
import { RefusalAnswer, type RefusalCode, refusals } from "../../producer/http/refusals.ts";
import { OpenAiRefusal, openAiRefusals } from "../../producer/openai/refusal.ts";

// Years of more than four digits are what a pace of nearly nothing comes to.
FormatRegistry.Set("date-time", (text) =>
  /^(\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text),
);

/** The operation that a request means; null where nothing stands at the path, or not for this method. */
export function operationAt(method: string, pathname: string): Operation | null {
  const found = [...openRoutes, ...routes].find(
    (one) => one.method === method && shapeOf(one.path).test(pathname),
  );
  return found ?? null;
}

const shapeOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll(".", "\\.").replace(/:\w+/g, "[^/]+").replace(/\*$/, ".*")}$`);

/** What an answer has that the document does not promise, in words; null where it holds. */
export async function undescribed(
  method: string,
  pathname: string,
  answer: Response,
): Promise<string | null> {
  const one = operationAt(method, pathname);
  const type = answer.headers.get("content-type") ?? "";
  if (answer.status >= 400) {
    const wrong = pathname.startsWith("/openai/") ? wrongOpenAiRefusal : wrongRefusal;
    return wrong(one, answer.status, await answer.json());
  }
  // What is no call is a page of the dashboard or a file of it.
  if (one === null && !pathname.startsWith("/v1/")) return null;
  if (one === null) return `${answer.status} where the document has nothing`;
  const media = one.answers[answer.status];
  if (media === undefined) return `${one.id} answers ${answer.status}, which it does not promise`;
  switch (type) {
    case "application/json":
      return unfit(one, media[type], await answer.json());
    case "application/x-ndjson": {
      const lines = (await answer.text()).split("\n").filter((line) => line !== "");
      const faults = lines.map((line) => unfit(one, media[type], JSON.parse(line)));
      return faults.find((fault) => fault !== null) ?? null;
    }
    case "application/octet-stream":
      await answer.body?.cancel();
      return media[type] === undefined ? `${one.id} answers bytes` : null;
    default:
      // To a browser the front is a page.
      return one.id === "getFront" ? null : `${one.id} answers ${type}`;
  }
}

function unfit(one: Operation, schema: TSchema | undefined, value: unknown): string | null {
  if (schema === undefined) return `${one.id} answers another content type than promised`;
  const [fault] = [...Value.Errors(closed(schema), value)];
  if (fault === undefined) return null;
  return `${one.id}: ${fault.path} ${fault.message}: ${JSON.stringify(fault.value)}`;
}

function wrongRefusal(one: Operation | null, status: number, body: unknown): string | null {
  if (!Value.Check(closed(RefusalAnswer) as typeof RefusalAnswer, body))
    return `no refusal: ${JSON.stringify(body)}`;
  const { code } = body.error;
  if (refusals[code][0] !== status) return `${code} comes with ${status}`;
  if (one === null) return null;
  const promised: RefusalCode[] = refusedWith(one);
  return promised.includes(code) ? null : `${one.id} refuses with ${code}, which it does not say`;
}

/** A fault of a field may have a code of its own, so status and type are what is promised. */
function wrongOpenAiRefusal(one: Operation | null, status: number, body: unknown): string | null {
  if (!Value.Check(closed(OpenAiRefusal) as typeof OpenAiRefusal, body))
    return `no refusal in OpenAI's shape: ${JSON.stringify(body)}`;
  const { type } = body.error;
  const codes = one === null ? [] : refusedWith(one);
  const promised = codes.some((code) => {
    const [at, is] = openAiRefusals[code];
    return at === status && is === type;
  });
  return one === null || promised
    ? null
    : `${one.id} refuses with ${status} ${type}, which it does not say`;
}

const kept = new WeakMap<TSchema, TSchema>();

/** The schema without room for fields that it does not name: a test that the document names them all. */
function closed(schema: TSchema): TSchema {
  const known = kept.get(schema);
  if (known !== undefined) return known;
  const copy: TSchema = { ...schema };
  kept.set(schema, copy);
  for (const [word, value] of Object.entries(schema)) copy[word] = closedWord(word, value);
  const named = Object.keys((schema.properties ?? {}) as object).length > 0;
  if (named && !("additionalProperties" in schema)) copy.additionalProperties = false;
  return copy;
}

function closedWord(word: string, value: unknown): unknown {
  if (word === "properties" || word === "patternProperties") {
    const parts = Object.entries(value as Record<string, TSchema>);
    return Object.fromEntries(parts.map(([name, one]) => [name, closed(one)]));
  }
  if (word === "anyOf") return (value as TSchema[]).map(closed);
  return word === "items" ? closed(value as TSchema) : value;
}
