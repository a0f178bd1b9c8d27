/** Checks a response against the OpenAPI document. The test client checks every response. */
import { FormatRegistry, type TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { openRoutes, routes } from "../../producer/api.ts";
import { type ErrorCode, ErrorResponse, errorCodes } from "../../producer/http/error_response.ts";
import { errorCodesOf } from "../../producer/http/openapi.ts";
import type { Operation } from "../../producer/http/operation.ts";
import { OpenAiErrorResponse, openAiErrorCodes } from "../../producer/openai/error_response.ts";

// An estimate at a very low pace can have a year of more than four digits.
FormatRegistry.Set("date-time", (text) =>
  /^(\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text),
);

/** The operation of a request; null if there is none for the path and method. */
export function operationAt(method: string, pathname: string): Operation | null {
  const operationRoute = [...openRoutes, ...routes].find(
    (route) => route.method === method && patternOf(route.path).test(pathname),
  );
  return operationRoute ?? null;
}

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll(".", "\\.").replace(/:\w+/g, "[^/]+").replace(/\*$/, ".*")}$`);

/** How a response differs from the document; null if it does not. */
export async function describeMismatch(
  method: string,
  pathname: string,
  response: Response,
): Promise<string | null> {
  const operation = operationAt(method, pathname);
  const [type = ""] = (response.headers.get("content-type") ?? "").split(";");
  if (response.status >= 400) {
    const check = pathname.startsWith("/openai/") ? checkOpenAiError : checkError;
    return check(operation, response.status, await response.json());
  }
  // Other paths belong to the dashboard.
  if (operation === null && !pathname.startsWith("/v1/")) return null;
  if (operation === null) return `undocumented path with ${response.status}`;
  const media = operation.responses[response.status];
  if (media === undefined) return `${operation.id}: undocumented status ${response.status}`;
  switch (type) {
    case "application/json":
      return checkValue(operation, media[type], await response.json());
    case "application/x-ndjson": {
      const lines = (await response.text()).split("\n").filter((line) => line !== "");
      const faults = lines.map((line) => checkValue(operation, media[type], JSON.parse(line)));
      return faults.find((fault) => fault !== null) ?? null;
    }
    case "text/plain":
      // The tests' page at the root.
      return operation.id === "getFront"
        ? null
        : checkValue(operation, media[type], await response.text());
    case "application/octet-stream":
      await response.body?.cancel();
      return media[type] === undefined ? `${operation.id}: undocumented bytes` : null;
    default:
      // A browser gets a page at the root.
      return operation.id === "getFront" ? null : `${operation.id}: undocumented type ${type}`;
  }
}

function checkValue({ id }: Operation, schema: TSchema | undefined, value: unknown): string | null {
  if (schema === undefined) return `${id}: undocumented content type`;
  const [fault] = [...Value.Errors(forbidAdditionalFields(schema), value)];
  if (fault === undefined) return null;
  return `${id}: ${fault.path} ${fault.message}: ${JSON.stringify(fault.value)}`;
}

function checkError(operation: Operation | null, status: number, body: unknown): string | null {
  if (!Value.Check(forbidAdditionalFields(ErrorResponse) as typeof ErrorResponse, body))
    return `not an error body: ${JSON.stringify(body)}`;
  const { code } = body.error;
  if (errorCodes[code][0] !== status) return `${code} with the wrong status ${status}`;
  if (operation === null) return null;
  const documented: ErrorCode[] = errorCodesOf(operation);
  return documented.includes(code) ? null : `${operation.id}: undocumented error ${code}`;
}

/** Checks status and type only: the detail of a field may have its own code. */
function checkOpenAiError(
  operation: Operation | null,
  status: number,
  body: unknown,
): string | null {
  if (!Value.Check(forbidAdditionalFields(OpenAiErrorResponse) as typeof OpenAiErrorResponse, body))
    return `not an OpenAI error body: ${JSON.stringify(body)}`;
  const { type } = body.error;
  if (operation === null) return null;
  const isDocumented = errorCodesOf(operation).some((code) => {
    const [codeStatus, codeType] = openAiErrorCodes[code];
    return codeStatus === status && codeType === type;
  });
  return isDocumented ? null : `${operation.id}: undocumented error ${status} ${type}`;
}

const cache = new WeakMap<TSchema, TSchema>();

/** The schema with additional fields forbidden, so that undocumented fields are found. */
function forbidAdditionalFields(schema: TSchema): TSchema {
  const cached = cache.get(schema);
  if (cached !== undefined) return cached;
  const copy: TSchema = { ...schema };
  cache.set(schema, copy);
  for (const [keyword, value] of Object.entries(schema)) {
    copy[keyword] = forbidInKeyword(keyword, value);
  }
  const hasProperties = Object.keys((schema.properties ?? {}) as object).length > 0;
  if (hasProperties && !("additionalProperties" in schema)) copy.additionalProperties = false;
  return copy;
}

function forbidInKeyword(keyword: string, value: unknown): unknown {
  if (keyword === "properties" || keyword === "patternProperties") {
    const parts = Object.entries(value as Record<string, TSchema>);
    return Object.fromEntries(
      parts.map(([name, property]) => [name, forbidAdditionalFields(property)]),
    );
  }
  if (keyword === "anyOf") return (value as TSchema[]).map(forbidAdditionalFields);
  return keyword === "items" ? forbidAdditionalFields(value as TSchema) : value;
}
