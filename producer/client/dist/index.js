// Written by npm run openapi from index.ts, which has the types and the comments.
// shared/text/byte_collector.ts
var ByteCollector = class {
  #buffer;
  #size = 0;
  /** `sizeHint` may be wrong; it saves growing. */
  constructor(sizeHint = 0) {
    this.#buffer = new Uint8Array(sizeHint);
  }
  get size() {
    return this.#size;
  }
  add(part) {
    const needed = this.#size + part.byteLength;
    if (needed > this.#buffer.byteLength) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#buffer.byteLength));
      grown.set(this.#buffer.subarray(0, this.#size));
      this.#buffer = grown;
    }
    this.#buffer.set(part, this.#size);
    this.#size = needed;
  }
  /** What was collected, without a copy; the collector is empty afterwards. */
  take() {
    const bytes = this.#buffer.subarray(0, this.#size);
    this.#buffer = new Uint8Array(0);
    this.#size = 0;
    return bytes;
  }
};

// shared/text/lines.ts
var newline = 10;
async function* readLines(stream, { bytesMax = Infinity, lineBytesMax = Infinity } = {}) {
  const parts = new ByteCollector();
  let lineBytes = 0;
  let total = 0;
  let number = 1;
  const append = (part) => {
    lineBytes += part.byteLength;
    if (lineBytes > lineBytesMax) parts.take();
    else parts.add(part);
  };
  const endLine = () => {
    const bytes = lineBytes > lineBytesMax ? null : parts.take();
    lineBytes = 0;
    if (bytes === null) return { kind: "too_long", number };
    return isBlank(bytes) ? null : { kind: "line", number, bytes };
  };
  for await (const chunk of stream) {
    total += chunk.byteLength;
    if (total > bytesMax) {
      yield { kind: "too_much", number };
      return;
    }
    let from = 0;
    for (; ; ) {
      const blank = lineBytes === 0 ? blankEnd(chunk, from) : { from, lines: 0 };
      number += blank.lines;
      from = blank.from;
      const end = chunk.indexOf(newline, from);
      append(chunk.subarray(from, end === -1 ? chunk.byteLength : end));
      if (end === -1) break;
      const line = endLine();
      if (line !== null) yield line;
      number++;
      from = end + 1;
    }
  }
  const last = endLine();
  if (last !== null) yield last;
}
function blankEnd(chunk, start) {
  let from = start;
  let lines = 0;
  for (let position = start; position < chunk.byteLength; position++) {
    const byte = chunk[position] ?? 0;
    if (byte === newline) {
      lines++;
      from = position + 1;
    } else if (!isSpace(byte)) break;
  }
  return { from, lines };
}
var isSpace = (byte) => byte === 32 || byte === 9 || byte === 13;
var isBlank = (bytes) => bytes.every(isSpace);

// producer/client/index.ts
var textCall = "GET /llms.txt";
var callMsMax = 12e4;
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
var methodOf = (name) => name.slice(0, name.indexOf(" "));
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
      return success(parseLines(response, (value) => isExpected(name, value)));
    case "text/plain":
      return name === textCall ? success(await response.text()) : notAFleet(url, status);
    case "application/octet-stream":
      return success(new Uint8Array(await response.arrayBuffer()));
    default:
      await response.body?.cancel();
      return notAFleet(url, status);
  }
}
async function* parseLines(response, isExpected) {
  if (response.body === null) return;
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  for await (const line of readLines(response.body)) {
    if (line.kind !== "line") continue;
    const value = JSON.parse(decoder.decode(line.bytes));
    if (!isExpected(value)) throw new Error("a line that no fleet sends");
    yield value;
  }
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
var isAbort = (cause) => cause instanceof Error && ["AbortError", "TimeoutError"].includes(cause.name);
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
