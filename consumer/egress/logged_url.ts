/** URLs in the decision log: readable, without possible credentials. */
import { egressLimits } from "../../shared/limits.ts";
import type { Scrubber } from "./scrub.ts";

const mask = "***";
const credentialName =
  /key|token|secret|pass|pwd|auth|sig|credential|session|jwt|code|access|bearer/i;
/** Long, letters and digits mixed, no spaces: what generated credentials look like. */
const credentialValue = /^(?=.*[A-Za-z])(?=.*\d)[A-Za-z0-9._~+/=-]{20,}$/;

/** `url` is the decision's; null when `raw` is not a URL. */
export function maskUrl(url: URL | null, raw: string, scrubber: Scrubber): string {
  return scrubber.scrubText(url === null ? maskUnreadable(raw) : maskReadable(url)).slice(0, max);
}

const max = egressLimits.loggedUrlCharsMax;

function maskReadable(url: URL): string {
  // A `data:` URL contains data, not an address.
  if (url.protocol !== "http:" && url.protocol !== "https:") return `${url.protocol}${mask}`;
  const user = url.username === "" && url.password === "" ? "" : `${mask}@`;
  // Pairs are masked in place: re-encoding the query would log a URL that was not sent.
  const query = url.search
    .slice(1, max)
    .split("&")
    .map((pair) => {
      const [name = "", ...value] = pair.split("=");
      if (value.length === 0) return credentialValue.test(pair) ? mask : pair;
      const secret =
        credentialName.test(name) || credentialValue.test(decodeOrKeep(value.join("=")));
      return secret ? `${name}=${mask}` : pair;
    })
    .join("&");
  return `${url.protocol}//${user}${url.host}${url.pathname}${query === "" ? "" : `?${query}`}`;
}

function maskUnreadable(raw: string): string {
  const text = raw.slice(0, max).split(/[?#]/)[0] ?? "";
  return text.replace(/\/\/[^/]*@/, `//${mask}@`);
}

function decodeOrKeep(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
