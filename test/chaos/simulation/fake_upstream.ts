/** Replaces `fetch` and records every request: the evidence for effects and secrets. */
import type { Random } from "../random.ts";
import { FaultInjector, type FiredFault } from "./fault_injector.ts";

export interface UpstreamRequest {
  url: string;
  host: string;
  method: string;
  label: string;
  authorization: string | null;
}

export class FakeUpstream {
  readonly requests: UpstreamRequest[] = [];
  readonly fired: FiredFault[] = [];
  /** The probability that a request fails before it arrives, or its response is lost or delayed. */
  faultRate = 0.2;
  copies = 1;
  followsRedirects = false;
  readonly #random: Random;
  readonly #hanging = new Set<FaultInjector>();

  constructor(random: Random) {
    this.#random = random;
  }

  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    const body = await request.text();
    const injector = this.#injector();
    this.#hanging.add(injector);
    try {
      return await injector.pass("upstream", request.method, async () => {
        for (let n = 0; n < this.copies; n++) this.#record(request, url, body);
        const response = respond(url, request);
        const location = response.headers.get("location");
        if (!this.followsRedirects || location === null) return response;
        const next = new URL(location);
        this.#record(request, next, body);
        return respond(next, request);
      });
    } catch {
      throw new TypeError("fetch failed");
    } finally {
      this.#hanging.delete(injector);
      injector.finish(false);
      this.fired.push(...injector.fired);
    }
  };

  /** True while a request in flight gets no response. */
  get stalled(): boolean {
    return [...this.#hanging].some((each) => each.stalled);
  }

  releaseHanging(): void {
    for (const each of this.#hanging) each.release();
  }

  #record(request: Request, url: URL, body: string): void {
    this.requests.push({
      url: url.href,
      host: url.host,
      method: request.method,
      label: url.searchParams.get("label") ?? /"label":"([^"]+)"/.exec(body)?.[1] ?? "",
      authorization: request.headers.get("authorization"),
    });
  }

  #injector(): FaultInjector {
    const strikes = this.#random.chance(this.faultRate);
    const kind = strikes ? this.#random.pick(["before", "after", "stalled"] as const) : "none";
    return new FaultInjector(this.#random, { kind, at: 1, rate: 0 });
  }
}

/** A hostile upstream: it returns the credential in headers and in the body, in several encodings. */
function respond(url: URL, request: Request): Response {
  const label = url.searchParams.get("label");
  if (url.pathname.endsWith("/moved")) {
    return Response.redirect(`https://evil.example/v1/landed?label=${label}`, 302);
  }
  const secret = request.headers.get("authorization") ?? "";
  const body = { path: url.pathname, plain: secret, encoded: btoa(secret) };
  return Response.json(body, {
    headers: { "x-echo": encodeURIComponent(secret), "set-cookie": `token=${secret}` },
  });
}
