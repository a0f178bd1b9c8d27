/**
 * What the program's side (prelude, inside QuickJS) and the isolate's side (outside it)
 * say to each other. One host function takes `(op, text, bytes)`. It answers undefined,
 * bytes, or text: "=" and JSON for a value, "!" and JSON of {name, message, …} for an error
 * to throw with whatever else is said of it. Text is always JSON, because a C string ends at a NUL and cannot hold
 * lone surrogates, and JSON escapes both.
 */
export const op = {
  /** One line for the console, a JSON string. */
  log: 1,
  /** The program's value as text, a JSON string, or null when it is undefined. */
  done: 2,
  /** The program failed and its error will be described next: more memory is allowed for that. */
  failing: 3,
  /** {name, message, stack} of the error that ended the program. */
  failed: 4,
  /** [id, "tool", name, argumentsJson] or [id, "fetch", url, method, headers] with the body. */
  call: 5,
  /** [id, delayMs]; the host dispatches "timer" when it is due. */
  timer: 6,
  /** [id] */
  clear: 7,
  /** [method, ...arguments] on the workspace. */
  files: 8,
  /** [encoding, fatal?, ignoreBom?, stream?] with bytes: their text. */
  decode: 9,
  /** [href, base?] or [href, null, part, value]: the URL's parts, or null where it is not one. */
  url: 10,
  /** [service, locales, options, method, arguments]: Intl of the isolate's V8. */
  intl: 11,
  /** [algorithm, key?] with the data: a digest as bytes. */
  digest: 12,
  /** [count]: random bytes. */
  random: 13,
  /** [source] of a module of the workspace; returns the transformed source. */
  module: 14,
  /** The program requested to end without an error. */
  exit: 15,
  /** [encoding, text]: its bytes. */
  encode: 16,
  /** A text that is not JSON: its bytes in UTF-8. */
  utf8: 17,
  /** Fetches, unencoded, the text that the previous answer set aside. */
  take: 18,
  /** The promise itself: 0 pending, 1 fulfilled, 2 rejected. */
  promise: 19,
  /** The promise itself: its value or its reason. */
  promise_result: 20,
  /** [name]: the source of a library's module, as a function. */
  library: 21,
  /** [method, ...arguments] on a URL's or a domain's text. */
  url_text: 22,
  /** [text]: the number of terminal columns that it takes. */
  width: 23,
  /** [id, isRef]: whether a timer keeps the program alive. */
  ref: 24,
  /** [text] that JSON.parse rejected: throws V8's error, which says where and why. */
  json: 25,
  /** [message, stack] of a runtime error: the message with the names from the source. */
  explain: 26,
  /** [method, ...arguments] with bytes: compression. */
  zlib: 27,
  /** [method, ...arguments] with bytes: ciphers, derived keys, signatures. */
  crypto: 28,
  /** [locales, options, list]: the order of a list of texts. */
  sort: 29,
  /** [text] of a .env file: its values. */
  env: 30,
  /** [line, column] of the program: the source text of the call at that place. */
  call_at: 31,
} as const;

/** The file name of the agent's own code in stacks. Frames of other files are removed. */
export const agentFile = "program.js";

/** The parts of a URL in the order in which both sides send them; the remaining text is the last part. */
export const urlParts = [
  "protocol",
  "username",
  "password",
  "host",
  "hostname",
  "port",
  "pathname",
  "search",
  "hash",
  "href",
] as const;

/** The methods of WebCrypto that the host performs. */
export const subtleMethods = [
  "encrypt",
  "decrypt",
  "sign",
  "verify",
  "digest",
  "generateKey",
  "deriveKey",
  "deriveBits",
  "importKey",
  "exportKey",
  "wrapKey",
  "unwrapKey",
];
