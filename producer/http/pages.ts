/**
 * The dashboard's files, with the headers that hold it closed: it runs its own script alone, speaks to its
 * own origin alone, and no text that an agent wrote can become markup or script. The paths of its pages
 * are answered with the one document whose script shows them.
 */
import type { ProducerEnv } from "../env.ts";

/** What stands at the beginning of a page's path; the dashboard's router knows the rest. */
export const pagePaths = [
  "/",
  "/batches",
  "/tasks",
  "/dead-letters",
  "/schedules",
  "/egress",
  "/tools",
] as const;

/** Everything that the build made besides the document; each name holds the hash of its content. */
export const filesPath = "/assets/";

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

/** Whether a path is a page's, or that of a file which a page loads. */
export function isPage(path: string): boolean {
  if (path.startsWith(filesPath)) return true;
  return pagePaths.some((page) => path === page || (page !== "/" && path.startsWith(`${page}/`)));
}

/** The page or file at a path, or null where this deployment carries no dashboard. */
export async function page(request: Request, env: ProducerEnv): Promise<Response | null> {
  if (env.ASSETS === undefined) return null;
  const url = new URL(request.url);
  const file = url.pathname.startsWith(filesPath);
  // Query and headers say nothing of a file; what a page's path names is its script's concern.
  const asked = new Request(new URL(file ? url.pathname : "/", url.origin), { method: "GET" });
  const found = await env.ASSETS.fetch(asked);
  if (file && !found.ok) {
    await found.body?.cancel();
    return null;
  }
  const answer = new Response(found.body, found);
  for (const [name, value] of Object.entries(headers)) answer.headers.set(name, value);
  answer.headers.set(
    "cache-control",
    file ? `public, max-age=${365 * daySeconds}, immutable` : "no-cache",
  );
  return answer;
}
