/**
 * A page in the browser: how it is asked for, and what its answer says. The decision on its URL is the
 * gateway's. The browser follows redirects by itself, past the gateway, so it is told beforehand what it may
 * load, and asked afterwards where it came to: what it does not say, or what the policy would not have
 * permitted, is not shown.
 */
import { egressLimits, toolLimits } from "../../../shared/limits.ts";
import type { GuestResponse } from "../../sandbox/engine.ts";
import type { ToolContext } from "../define.ts";

/** What a page does not need to be seen, and what could carry its contents away. */
const shut = [
  ...(["websocket", "eventsource", "ping", "cspviolationreport"] as const),
  ...(["prefetch", "signedexchange"] as const),
];

/** The options of every visit. `patterns` are the URLs that it may load. */
export function visit(url: string, patterns: readonly string[]) {
  return {
    url,
    allowRequestPattern: [...patterns],
    rejectResourceTypes: [...shut],
    gotoOptions: { timeout: toolLimits.browserMsMax, waitUntil: "networkidle2" as const },
    cacheTTL: 0,
  };
}

export type Visit = ReturnType<typeof visit>;

/** What came of a visit: the service's `result`, or what is wrong. */
export type Visited = { ok: true; result: unknown } | { ok: false; fault: string };

/** Opens a page with one of the service's actions, which answers JSON and says where it came to. */
export async function open(
  url: string,
  { fetchBy }: Pick<ToolContext, "fetchBy">,
  act: (options: Visit) => Promise<Response>,
): Promise<Visited> {
  const page = await fetchBy(url, (decided, patterns) => act(visit(decided, patterns)));
  const answer = readJson(page);
  if (answer.success !== true) return { ok: false, fault: faultOf(page, answer) };
  const places = placesOf(answer);
  if (places === null) return { ok: false, fault: unknownPlace };
  for (const place of new Set(places)) {
    if (place === bare(url)) continue;
    // It has been there already: nothing is sent, and the step is decided, counted and logged.
    const step = await fetchBy(place, async () => new Response(null, { status: arrived }));
    if (step.status !== arrived) {
      return { ok: false, fault: `The page led elsewhere. ${faultOf(step, readJson(step))}` };
    }
  }
  return { ok: true, result: answer.result };
}

const arrived = 204;

const unknownPlace =
  "The browser does not say where the page came from, so it is not shown. Use fetch_url, or the page's final address.";

/** Every URL on the way to the page and its own, without fragments; null where one is not known. */
function placesOf({ meta }: PageAnswer): string[] | null {
  const { finalUrl, redirectChain: chain } = meta ?? {};
  // The service answers an empty chain for redirects that it could not read.
  if (typeof finalUrl !== "string" || chain?.length === 0) return null;
  const hops = (chain ?? []).map(({ url }) => url);
  if (hops.length > egressLimits.redirectsMax) return null;
  const urls = [...hops, finalUrl];
  return urls.every((url) => typeof url === "string") ? urls.map(bare) : null;
}

/** A URL as it is sent: without its fragment, as the parser spells it. */
function bare(text: string): string {
  const url = URL.parse(text);
  if (url === null) return text;
  url.hash = "";
  return url.href;
}

/** What the browser's service said is wrong, or the gateway's refusal. */
function faultOf({ status }: GuestResponse, answer: PageAnswer): string {
  const said = answer.errors?.[0]?.message ?? answer.error?.message;
  if (said === undefined) return `The browser answered HTTP ${status} and no page.`;
  const text = String(said);
  return text.includes("ERR_BLOCKED_BY_CLIENT")
    ? `${text}: the page redirects to what the policy does not permit at this host. fetch_url shows where; open a permitted address itself.`
    : text;
}

interface PageAnswer {
  success?: unknown;
  result?: unknown;
  meta?: { finalUrl?: unknown; redirectChain?: { url: string }[] };
  errors?: { message?: unknown }[];
  error?: { message?: unknown };
}

function readJson({ body }: GuestResponse): PageAnswer {
  try {
    const value = JSON.parse(new TextDecoder().decode(body)) as unknown;
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
