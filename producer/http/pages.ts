/**
 * Serves the dashboard's files, with headers that allow only its own script and its own origin, so that no
 * text from an agent can become markup or script. All pages are one document, whose script renders them.
 */
import type { ProducerEnv } from "../env.ts";

/** The prefixes of the pages' paths; the dashboard's router handles the rest. */
export const pagePaths = [
  "/",
  "/batches",
  "/tasks",
  "/approvals",
  "/evals",
  "/dead-letters",
  "/schedules",
  "/egress",
  "/tools",
] as const;

/** All built files except the document. Their names contain the hash of their content. */
const assetsPath = "/assets/";

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const headers = {
  "content-security-policy": policy,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
} as const;

const daySeconds = 86_400;

export function isDashboardPath(path: string): boolean {
  if (path.startsWith(assetsPath)) return true;
  return pagePaths.some((page) => path === page || (page !== "/" && path.startsWith(`${page}/`)));
}

/** Null if the file does not exist or the deployment has no dashboard. */
export async function servePage(request: Request, env: ProducerEnv): Promise<Response | null> {
  if (env.ASSETS === undefined) return null;
  const url = new URL(request.url);
  const isAsset = url.pathname.startsWith(assetsPath);
  // The file is requested without the query and headers of the request, which do not change it.
  const asset = new Request(new URL(isAsset ? url.pathname : "/", url.origin), { method: "GET" });
  const file = await env.ASSETS.fetch(asset);
  if (isAsset && !file.ok) {
    await file.body?.cancel();
    return null;
  }
  const response = new Response(file.body, file);
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  response.headers.set(
    "cache-control",
    isAsset ? `public, max-age=${365 * daySeconds}, immutable` : "no-cache",
  );
  return response;
}
