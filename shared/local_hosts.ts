/**
 * FLEET_HOSTS: in local runs, a host that was already decided is reached at a loopback
 * address. The decision, the injection and the log are of the host itself.
 */
import type { FleetMode } from "../policies/index.ts";
import { isLoopback } from "../policies/policy.ts";

/** From a host, with its port where it is not the scheme's default, to a base URL on loopback. */
export type Hosts = ReadonlyMap<string, URL>;

export type HostsParsed = { ok: true; hosts: Hosts } | { ok: false; message: string };

/** Reads `orders.example=http://127.0.0.1:9911,…`. Never throws. */
export function parseHosts(text: string | undefined, mode: FleetMode): HostsParsed {
  const hosts = new Map<string, URL>();
  if (text === undefined || text.trim() === "") return { ok: true, hosts };
  if (mode !== "local") return refused("is for local runs only; unset it");
  for (const entry of text.split(",").map((part) => part.trim())) {
    if (entry === "") continue;
    const [host = "", base = "", ...rest] = entry.split("=");
    if (rest.length > 0 || base === "") {
      return refused(`has ${quote(entry)}; write host=http://127.0.0.1:port`);
    }
    if (parse(`https://${host}/`)?.host !== host || host.includes("*")) {
      return refused(`has the host ${quote(host)}; write it as in the URL, in lower case`);
    }
    const url = parse(base);
    if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
      return refused(`has the address ${quote(base)}; write http://127.0.0.1:port`);
    }
    if (!isLoopback(url.hostname)) {
      return refused(
        `leads ${quote(host)} to ${quote(url.host)}; only loopback addresses are permitted`,
      );
    }
    if (url.pathname !== "/" || url.search !== "" || url.hash !== "" || url.username !== "") {
      return refused(`has the address ${quote(base)}; write ${url.protocol}//${url.host} alone`);
    }
    if (hosts.has(host)) return refused(`names ${quote(host)} twice; keep one`);
    hosts.set(host, url);
  }
  return { ok: true, hosts };
}

/** Where a decided URL is sent: itself, or the same path and query at the host's loopback address. */
export function destination(decided: URL, hosts: Hosts): URL {
  const base = hosts.get(decided.host);
  if (base === undefined) return decided;
  const url = new URL(decided);
  url.protocol = base.protocol;
  url.host = base.host;
  url.port = base.port;
  return url;
}

function parse(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

const quote = (text: string) => JSON.stringify(text.slice(0, 100));
const refused = (message: string): HostsParsed => ({
  ok: false,
  message: `FLEET_HOSTS ${message}`,
});
