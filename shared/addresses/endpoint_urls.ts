/** MODEL_BASE_URL: the addresses of an OpenAI-compatible endpoint. */
import { err, ok, type Result } from "../result.ts";

export interface EndpointUrls {
  /** Without a trailing slash and a query, such as http://127.0.0.1:11434/v1. */
  base: string;
  chat: string;
  models: string;
}

/**
 * The addresses behind a base URL. An address without a path gets `/v1`; the whole address of chat
 * completions is taken as it is; a query, such as `?api-version=…`, stays at the end. The error says what
 * is wrong with the value and what to write; it never contains a password.
 */
export function endpointUrls(text: string): Result<EndpointUrls, string> {
  const trimmed = text.trim();
  const url = URL.parse(trimmed);
  if (url === null || !/^[a-z]+:\/\//i.test(trimmed)) return err(notAUrl(trimmed));
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    return err("MODEL_BASE_URL must start with http:// or https://.");
  }
  if (url.username !== "" || url.password !== "") {
    return err("MODEL_BASE_URL must not hold a user or password; set MODEL_API_KEY.");
  }
  const path = url.pathname.replace(/\/+$/, "");
  const base = `${url.origin}${path === "" ? "/v1" : path.replace(/(?:\/chat)?\/completions$/, "")}`;
  return ok({
    base,
    chat: `${base}/chat/completions${url.search}`,
    models: `${base}/models${url.search}`,
  });
}

/** The form that was probably meant: http for this machine, an address or a port, else https. */
function notAUrl(text: string): string {
  const suggestion = URL.parse(`http://${text.replace(/^[^/]*\/\//, "")}`);
  const isPlain =
    suggestion !== null &&
    (suggestion.port !== "" || /^(?:localhost|[\d.]+)$/.test(suggestion.hostname));
  const path = suggestion?.pathname === "/" ? "/v1" : suggestion?.pathname.replace(/\/+$/, "");
  const form =
    suggestion === null
      ? "http://127.0.0.1:11434/v1"
      : `${isPlain ? "http" : "https"}://${suggestion.host}${path}`;
  return `MODEL_BASE_URL is not a URL with http:// or https://: write an address such as ${form}.`;
}
