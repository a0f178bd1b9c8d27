// Written by npm run openapi from index.ts, which has the types and the comments.
const callMsMax = 12e4;
function fleetClient(options) {
  const { fetch = globalThis.fetch } = options;
  const url = options.url.replace(/\/+$/, "");
  return async (name, ...[input]) => {
    const call = input ?? {};
    let response;
    try {
      response = await fetch(`${url}${callPath(name, call)}`, {
        method: methodOf(name),
        headers: headersOf(name, call, options.key),
        ...bodyOf(call),
        // A redirect could carry the key to another host.
        redirect: "manual",
        signal: call.signal ?? AbortSignal.timeout(callMsMax)
      });
    } catch (cause) {
      return noResponse(url, cause);
    }
    try {
      return await readResponse(name, response, options);
    } catch (cause) {
      const isUnreadable = cause instanceof SyntaxError;
      return isUnreadable ? notAFleet(url, response.status) : noResponse(url, cause);
    }
  };
}
const methodOf = (name) => name.slice(0, name.indexOf(" "));
function callPath(name, input) {
  const path = name.slice(name.indexOf(" ") + 1).replace(/:(\w+)/g, (_, part) => encodeURIComponent(String(input[part]))).replace(/\*$/, () => String(input.path).split("/").map(encodeURIComponent).join("/"));
  const query = queryText(input.query ?? {});
  return query === "" ? path : `${path}?${query}`;
}
function queryText(query) {
  if (query instanceof URLSearchParams) return query.toString();
  const parts = Object.entries(query).flatMap(
    ([field, value]) => value === void 0 ? [] : [[field, typeof value === "object" ? JSON.stringify(value) : String(value)]]
  );
  return new URLSearchParams(parts).toString();
}
function headersOf(name, input, key) {
  const headers = {};
  if (key !== null && name.includes(" /v1/")) headers.authorization = `Bearer ${key}`;
  if (input.body !== void 0) headers["content-type"] = input.type ?? "application/json";
  if (input.idempotencyKey !== void 0) headers["idempotency-key"] = input.idempotencyKey;
  return headers;
}
function bodyOf({ body, type }) {
  if (body === void 0) return {};
  if (type === void 0) return { body: JSON.stringify(body) };
  const raw = body;
  return raw instanceof ReadableStream ? { body: raw, ...{ duplex: "half" } } : { body: raw };
}
async function readResponse(name, response, { url, isExpected = () => true }) {
  const { status } = response;
  if (!response.ok) return readError(response, url);
  const success = (value) => ({
    ok: true,
    status,
    value
  });
  const type = (response.headers.get("content-type") ?? "").split(";")[0]?.trim();
  switch (type) {
    case "application/json": {
      const value = JSON.parse(await response.text());
      return isExpected(name, value) ? success(value) : notAFleet(url, status);
    }
    case "application/x-ndjson":
      return success(readLines(response, (value) => isExpected(name, value)));
    case "application/octet-stream":
      return success(new Uint8Array(await response.arrayBuffer()));
    default:
      await response.body?.cancel();
      return notAFleet(url, status);
  }
}
async function* readLines(response, isExpected) {
  const read = (line) => {
    const value = JSON.parse(line);
    if (!isExpected(value)) throw new Error("a line that no fleet sends");
    return value;
  };
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let rest = "";
  for await (const part of response.body ?? []) {
    const lines = (rest + decoder.decode(part, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield read(line);
  }
  rest += decoder.decode();
  if (rest !== "") yield read(rest);
}
async function readError(response, url) {
  const { status, headers } = response;
  const body = JSON.parse(await response.text());
  if (!isErrorBody(body)) return notAFleet(url, status);
  const { code, message, details = [] } = body.error;
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  const retryAfterSeconds = Number.isNaN(seconds) ? null : seconds;
  return { ok: false, error: { code, status, message, details, retryAfterSeconds } };
}
function isErrorBody(body) {
  if (typeof body !== "object" || body === null || !("error" in body)) return false;
  const { error } = body;
  if (typeof error !== "object" || error === null) return false;
  const { code, message, details = [] } = error;
  return typeof code === "string" && typeof message === "string" && Array.isArray(details);
}
const isAbort = (cause) => cause instanceof Error && ["AbortError", "TimeoutError"].includes(cause.name);
function noResponse(url, cause) {
  const code = isAbort(cause) ? "aborted" : "unreachable";
  const problem = code === "aborted" ? "did not answer in time" : "does not answer";
  const reason = cause instanceof Error ? reasonOf(cause) : String(cause);
  const message = `the fleet at ${url} ${problem}${reason === "" ? "" : ` (${reason})`}`;
  return { ok: false, error: { code, status: 0, message, details: [], cause } };
}
function reasonOf(error) {
  const inner = error.cause instanceof Error ? error.cause : error;
  return "code" in inner && typeof inner.code === "string" ? inner.code : inner.message;
}
function notAFleet(url, status) {
  const message = `${url} answered HTTP ${status}, but it is not a Flotilla fleet`;
  return { ok: false, error: { code: "not_a_fleet", status, message, details: [] } };
}
export {
  callPath,
  fleetClient
};
