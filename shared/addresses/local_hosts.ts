/**
 * FLEET_HOSTS: in local runs, requests to a host are sent to a loopback address, after the decision. The
 * decision, the injection and the log name the host itself.
 */
import type { FleetMode } from "../../policies/index.ts";
import { isLoopback } from "../../policies/policy.ts";
import { err, ok, type Result } from "../result.ts";

/** From a host (with its port, unless it is the scheme's default) to a base URL on loopback. */
export type Hosts = ReadonlyMap<string, URL>;

/** Reads `orders.example=http://127.0.0.1:9911,…`. Never throws. */
export function parseHosts(text: string | undefined, mode: FleetMode): Result<Hosts, string> {
  const hosts = new Map<string, URL>();
  if (text === undefined || text.trim() === "") return ok(hosts);
  if (mode !== "local") return invalid("is for local runs only; unset it");
  for (const entry of text.split(",").map((part) => part.trim())) {
    if (entry === "") continue;
    const [host = "", base = "", ...rest] = entry.split("=");
    if (rest.length > 0 || base === "") {
      return invalid(`has the entry ${quote(entry)}; write host=http://127.0.0.1:port`);
    }
    if (parse(`https://${host}/`)?.host !== host || host.includes("*")) {
      return invalid(`has the host ${quote(host)}; write it as in the URL, in lower case`);
    }
    const url = parse(base);
    if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
      return invalid(`has the address ${quote(base)}; write http://127.0.0.1:port`);
    }
    if (!isLoopback(url.hostname)) {
      return invalid(
        `maps ${quote(host)} to ${quote(url.host)}; only loopback addresses are allowed`,
      );
    }
    if (url.pathname !== "/" || url.search !== "" || url.hash !== "" || url.username !== "") {
      return invalid(`has the address ${quote(base)}; write only ${url.protocol}//${url.host}`);
    }
    if (hosts.has(host)) return invalid(`names ${quote(host)} twice; keep one`);
    hosts.set(host, url);
  }
  return ok(hosts);
}

/** Where a decided URL is sent: to itself, or to the same path and query at the host's loopback address. */
export function resolveDestination(decidedUrl: URL, hosts: Hosts): URL {
  const base = hosts.get(decidedUrl.host);
  if (base === undefined) return decidedUrl;
  const url = new URL(decidedUrl);
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
const invalid = (message: string) => err(`FLEET_HOSTS ${message}`);
