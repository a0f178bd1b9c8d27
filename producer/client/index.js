// Written by npm run openapi from index.ts, which has the types and the words.
const callMsMax = 12e4;
function fleetClient(connection) {
  const { fetch = globalThis.fetch } = connection;
  const url = connection.url.replace(/\/+$/, "");
  return async (name, ...[given]) => {
    const call = given ?? {};
    let response;
    try {
      response = await fetch(`${url}${pathOf(name, call)}`, {
        method: methodOf(name),
        headers: headersOf(name, call, connection.key),
        ...bodyOf(call),
        // A redirect could carry the key to another host.
        redirect: "manual",
        signal: call.signal ?? AbortSignal.timeout(callMsMax)
      });
    } catch (cause) {
      return unanswered(url, cause);
    }
    try {
      return await readAnswer(name, response, connection);
    } catch (cause) {
      return isAbort(cause) ? unanswered(url, cause) : notAFleet(url, response.status);
    }
  };
}
const methodOf = (name) => name.slice(0, name.indexOf(" "));
function pathOf(name, given) {
  const path = name.slice(name.indexOf(" ") + 1).replace(/:(\w+)/g, (_, part) => encodeURIComponent(String(given[part]))).replace(/\*$/, () => String(given.path).split("/").map(encodeURIComponent).join("/"));
  const query = queryOf(given.query ?? {});
  return query === "" ? path : `${path}?${query}`;
}
function queryOf(query) {
  if (query instanceof URLSearchParams) return query.toString();
  const parts = Object.entries(query).flatMap(
    ([field, value]) => value === void 0 ? [] : [[field, typeof value === "object" ? JSON.stringify(value) : String(value)]]
  );
  return new URLSearchParams(parts).toString();
}
function headersOf(name, given, key) {
  const headers = {};
  if (name.includes(" /v1/")) headers.authorization = `Bearer ${key}`;
  if (given.body !== void 0) headers["content-type"] = given.type ?? "application/json";
  if (given.idempotencyKey !== void 0) headers["idempotency-key"] = given.idempotencyKey;
  return headers;
}
function bodyOf({ body, type }) {
  if (body === void 0) return {};
  if (type === void 0) return { body: JSON.stringify(body) };
  const raw = body;
  return raw instanceof ReadableStream ? { body: raw, ...{ duplex: "half" } } : { body: raw };
}
async function readAnswer(name, response, { url, familiar = () => true }) {
  const { status } = response;
  const type = (response.headers.get("content-type") ?? "").split(";")[0]?.trim();
  if (!response.ok) return readRefusal(response, url);
  const found = (value) => ({
    ok: true,
    status,
    value
  });
  switch (type) {
    case "application/json": {
      const value = JSON.parse(await response.text());
      return familiar(name, value) ? found(value) : notAFleet(url, status);
    }
    case "application/x-ndjson":
      return found(linesOf(response, (value) => familiar(name, value)));
    case "application/octet-stream":
      return found(new Uint8Array(await response.arrayBuffer()));
    default:
      await response.body?.cancel();
      return notAFleet(url, status);
  }
}
async function* linesOf(response, isFamiliar) {
  const read = (line) => {
    const value = JSON.parse(line);
    if (!isFamiliar(value)) throw new Error("a line that no fleet answers");
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
async function readRefusal(response, url) {
  const body = JSON.parse(await response.text());
  if (!isRefusal(body)) return notAFleet(url, response.status);
  const { code, message, details = [] } = body.error;
  const after = Number(response.headers.get("retry-after") ?? Number.NaN);
  return {
    ok: false,
    code,
    status: response.status,
    message,
    details,
    retryAfterSeconds: Number.isNaN(after) ? null : after
  };
}
function isRefusal(body) {
  if (typeof body !== "object" || body === null || !("error" in body)) return false;
  const { error } = body;
  if (typeof error !== "object" || error === null) return false;
  const { code, message, details = [] } = error;
  return typeof code === "string" && typeof message === "string" && Array.isArray(details);
}
const isAbort = (cause) => cause instanceof Error && ["AbortError", "TimeoutError"].includes(cause.name);
function unanswered(url, cause) {
  const code = isAbort(cause) ? "aborted" : "unreachable";
  const why = cause instanceof Error ? causeOf(cause) : String(cause);
  const told = code === "aborted" ? "did not answer in time" : "does not answer";
  return {
    ok: false,
    code,
    status: 0,
    message: `the fleet at ${url} ${told}${why === "" ? "" : ` (${why})`}`,
    details: [],
    cause
  };
}
function causeOf(error) {
  const inner = error.cause instanceof Error ? error.cause : error;
  return "code" in inner && typeof inner.code === "string" ? inner.code : inner.message;
}
const notAFleet = (url, status) => ({
  ok: false,
  code: "not_a_fleet",
  status,
  message: `something answers at ${url} (HTTP ${status}), but this is no fleet`,
  details: []
});
export {
  fleetClient
};
