/** A page in the browser: how it is asked for, and what its answer says. The decision on the URL is the gateway's. */
import { toolLimits } from "../../shared/limits.ts";
import type { GuestResponse } from "../sandbox/engine.ts";

/**
 * The options of every visit. The browser follows redirects and loads what a page names by itself, past the
 * gateway, so it is told to load from the page's own origin alone.
 */
export function visit(url: string) {
  return {
    url,
    // An origin's only special characters are dots and the brackets of an IPv6 address, which no policy permits.
    allowRequestPattern: [`^${new URL(url).origin.replaceAll(".", "\\.")}/`],
    gotoOptions: { timeout: toolLimits.browserMsMax, waitUntil: "networkidle2" as const },
    cacheTTL: 0,
  };
}

/** What the browser's service said is wrong, or the gateway's refusal; null where the page came. */
export function pageFault({ status, headers, body }: GuestResponse): string | null {
  const type = headers.find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
  if (!type.includes("json")) return status < 400 ? null : `The browser answered HTTP ${status}.`;
  const text = new TextDecoder().decode(body);
  const answer = readJson(text);
  if (answer.success === true) return null;
  const said = answer.errors?.[0]?.message ?? answer.error?.message;
  return said === undefined ? `The browser answered HTTP ${status}.` : String(said);
}

interface PageAnswer {
  success?: unknown;
  result?: unknown;
  errors?: { message?: unknown }[];
  error?: { message?: unknown };
}

export function readJson(text: string): PageAnswer {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
