/** The world outside: a recording stand-in for `fetch`. What it saw is the truth about effects and secrets. */
import type { Random } from "./random.ts";
import { type Fired, Saboteur } from "./saboteur.ts";

export interface Seen {
  url: string;
  host: string;
  method: string;
  label: string;
  authorization: string | null;
}

export class Upstream {
  readonly seen: Seen[] = [];
  readonly fired: Fired[] = [];
  /** How likely a request fails before it arrives, and how likely its answer is lost. */
  trouble = 0.2;
  sends = 1;
  follows = false;
  readonly #random: Random;
  readonly #hanging = new Set<Saboteur>();

  constructor(random: Random) {
    this.#random = random;
  }

  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    const body = await request.text();
    const saboteur = this.#saboteur();
    this.#hanging.add(saboteur);
    try {
      return await saboteur.pass("upstream", request.method, async () => {
        for (let n = 0; n < this.sends; n++) this.#record(request, url, body);
        const answered = answer(url, request);
        const location = answered.headers.get("location");
        if (!this.follows || location === null) return answered;
        const next = new URL(location);
        this.#record(request, next, body);
        return answer(next, request);
      });
    } catch {
      throw new TypeError("fetch failed");
    } finally {
      this.#hanging.delete(saboteur);
      saboteur.ended(false);
      this.fired.push(...saboteur.fired);
    }
  };

  /** True while a request is in flight and its answer does not come. */
  get stalled(): boolean {
    return [...this.#hanging].some((each) => each.stalled);
  }

  letGo(): void {
    for (const each of this.#hanging) each.release();
  }

  #record(request: Request, url: URL, body: string): void {
    this.seen.push({
      url: url.href,
      host: url.host,
      method: request.method,
      label: url.searchParams.get("label") ?? /"label":"([^"]+)"/.exec(body)?.[1] ?? "",
      authorization: request.headers.get("authorization"),
    });
  }

  #saboteur(): Saboteur {
    const strikes = this.#random.chance(this.trouble);
    const kind = strikes ? this.#random.pick(["before", "after", "stalled"] as const) : "none";
    return new Saboteur(this.#random, { kind, at: 1, rate: 0 });
  }
}

/** A hostile upstream: it hands the credential back in a header and in the body, in several spellings. */
function answer(url: URL, request: Request): Response {
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
