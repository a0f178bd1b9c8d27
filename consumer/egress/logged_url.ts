/** URLs as the decision log keeps them: readable, without what may be a credential. */
import { egressLimits } from "../../shared/limits.ts";
import type { Scrubber } from "./scrub.ts";

const masked = "***";
const credentialName =
  /key|token|secret|pass|pwd|auth|sig|credential|session|jwt|code|access|bearer/i;
/** Long, of letters and digits mixed, without spaces: what generated credentials look like. */
const credentialValue = /^(?=.*[A-Za-z])(?=.*\d)[A-Za-z0-9._~+/=-]{20,}$/;

/** `url` is the decision's, or null where `raw` is not a URL. */
export function loggedUrl(url: URL | null, raw: string, scrubber: Scrubber): string {
  return scrubber.text(url === null ? unreadable(raw) : readable(url)).slice(0, max);
}

const max = egressLimits.loggedUrlCharsMax;

function readable(url: URL): string {
  // The data of `data:` and the like is content, not an address.
  if (url.protocol !== "http:" && url.protocol !== "https:") return `${url.protocol}${masked}`;
  const user = url.username === "" && url.password === "" ? "" : `${masked}@`;
  // Pairs are masked in place: re-encoding the query would log another URL than was sent.
  const query = url.search
    .slice(1, max)
    .split("&")
    .map((pair) => {
      const [name = "", ...value] = pair.split("=");
      if (value.length === 0) return credentialValue.test(pair) ? masked : pair;
      const secret = credentialName.test(name) || credentialValue.test(decoded(value.join("=")));
      return secret ? `${name}=${masked}` : pair;
    })
    .join("&");
  return `${url.protocol}//${user}${url.host}${url.pathname}${query === "" ? "" : `?${query}`}`;
}

function unreadable(raw: string): string {
  const text = raw.slice(0, max).split(/[?#]/)[0] ?? "";
  return text.replace(/\/\/[^/]*@/, `//${masked}@`);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
