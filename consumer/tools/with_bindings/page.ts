/**
 * Opens a page in the browser service. The gateway decides on its URL. The browser follows redirects without
 * the gateway, so it gets the patterns that it may load beforehand and must report its way afterwards: a page
 * is not shown if the way is unknown or the policy does not permit it.
 */
import { egressLimits, toolLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { GuestResponse } from "../../sandbox/engine.ts";
import type { ToolContext } from "../define.ts";

/** Resources that are not needed to see a page and could leak its contents. */
const rejectedResources = [
  ...(["websocket", "eventsource", "ping", "cspviolationreport"] as const),
  ...(["prefetch", "signedexchange"] as const),
];

/** `patterns` are regular expressions of the URLs that the page may load. */
function visitOptions(url: string, patterns: readonly string[]) {
  return {
    url,
    allowRequestPattern: [...patterns],
    rejectResourceTypes: [...rejectedResources],
    gotoOptions: { timeout: toolLimits.browserMsMax, waitUntil: "networkidle2" as const },
    cacheTTL: 0,
  };
}

export type VisitOptions = ReturnType<typeof visitOptions>;

/** Opens a page with one of the service's actions and returns the `result` of its JSON. */
export async function openPage(
  url: string,
  { fetchBy }: Pick<ToolContext, "fetchBy">,
  render: (options: VisitOptions) => Promise<Response>,
): Promise<Result<unknown, string>> {
  const response = await fetchBy(url, (decidedUrl, patterns) =>
    render(visitOptions(decidedUrl, patterns)),
  );
  const page = parsePage(response);
  if (page.success !== true) return err(pageError(response, page));
  const urls = visitedUrls(page);
  if (urls === null) return err(unknownUrlText);
  for (const visitedUrl of new Set(urls)) {
    if (visitedUrl === withoutFragment(url)) continue;
    // The browser has already visited the URL: the request is decided, counted and logged, but not sent.
    const hop = await fetchBy(
      visitedUrl,
      async () => new Response(null, { status: permittedStatus }),
    );
    if (hop.status !== permittedStatus) {
      return err(`The page redirected to another address. ${pageError(hop, parsePage(hop))}`);
    }
  }
  return ok(page.result);
}

const permittedStatus = 204;

const unknownUrlText =
  "The browser did not report the page's address, so the page is not shown. Use fetch_url, or the page's final address.";

/** The URLs of all redirects and of the page itself, without fragments; null where one is unknown. */
function visitedUrls({ meta }: PageBody): string[] | null {
  const { finalUrl, redirectChain: chain } = meta ?? {};
  // The service reports an empty chain for redirects that it could not read.
  if (typeof finalUrl !== "string" || chain?.length === 0) return null;
  const hops = (chain ?? []).map(({ url }) => url);
  if (hops.length > egressLimits.redirectsMax) return null;
  const urls = [...hops, finalUrl];
  return urls.every((url) => typeof url === "string") ? urls.map(withoutFragment) : null;
}

/** A URL as it is sent, normalised by the parser. */
function withoutFragment(text: string): string {
  const url = URL.parse(text);
  if (url === null) return text;
  url.hash = "";
  return url.href;
}

/** The error of the browser service or of the gateway. */
function pageError({ status }: GuestResponse, page: PageBody): string {
  const message = page.errors?.[0]?.message ?? page.error?.message;
  if (message === undefined) return `The browser returned HTTP ${status} and no page.`;
  const text = String(message);
  return text.includes("ERR_BLOCKED_BY_CLIENT")
    ? `${text}: the page redirects to a URL that the policy denies. Call fetch_url to see that URL, and open a permitted address directly.`
    : text;
}

/** The parts of the response that are read; nothing in it is trusted. */
interface PageBody {
  success?: unknown;
  result?: unknown;
  meta?: { finalUrl?: unknown; redirectChain?: { url: string }[] };
  errors?: { message?: unknown }[];
  error?: { message?: unknown };
}

function parsePage({ body }: GuestResponse): PageBody {
  try {
    const value = JSON.parse(new TextDecoder().decode(body)) as unknown;
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
