/**
 * The conformance cases of the decision: a request, its policy and the expected decision. They are data, so that
 * the tests of the decision, of the gateway and of mutations use the same table.
 */
import { blockCases } from "./address_blocks.ts";
import type { Case } from "./case.ts";
import { pathCases } from "./paths.ts";
import { type PolicyName, policies } from "./policies.ts";
import { urlCases } from "./urls.ts";

type Headers = readonly (readonly [string, string])[];

/** A case with the policy `main`; GET without headers by default. */
export function main(
  category: string,
  url: string,
  expected: string,
  method = "GET",
  headers: Headers = [],
): Case {
  return { category, policy: "main", url, method, headers, expected };
}

const api = "https://api.example.com/v1/x";
const open = "https://root.example.com/";

const methodCases: Case[] = [
  ...["GET", "get", "gEt", "POST", "post"].map((method) => main("method", api, "inject 0", method)),
  ...["HEAD", "head", "PUT", "PATCH", "DELETE", "OPTIONS"].map((method) =>
    main("method", api, "deny no_rule", method),
  ),
  ...["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].flatMap((method) => [
    main("method", open, "allow 16", method),
    main("method", open, "allow 16", method.toLowerCase()),
  ]),
  ...[
    "TRACE",
    "CONNECT",
    "TRACK",
    "PROPFIND",
    "QUERY",
    "",
    " GET",
    "GET ",
    "GET\n",
    "GET\r\nX: y",
    "G\0ET",
    "GETS",
    "XGET",
    "po\u017ft",
    "opt\u0131ons",
    "\uff27ET",
  ].map((method) => main("method", open, "deny method", method)),
  main("method", "https://order.example.org/", "allow 9", "DELETE"),
  main("method", "https://order.example.org/", "inject 10", "GET"),
  main("method", "https://order.example.org/wild", "inject 10", "GET"),
];

const headerCases: Case[] = [
  ...[
    "X-HTTP-Method-Override",
    "x-http-method-override",
    "X-HTTP-Method",
    "X-Method-Override",
    "Upgrade",
    "UPGRADE",
  ].map((name) => main("header", open, "deny header", "GET", [[name, "DELETE"]])),
  ...["", " x", "x ", "x:y", "x y", "x\0", "x\n", "x\r", "h\u00e9", "x@y", "(x)", "x/y", "[x]"].map(
    (name) => main("header", open, "deny header", "GET", [[name, "1"]]),
  ),
  ...["a\0b", "a\rb", "a\nb", "a\r\nb: c", "\n", "\0", "a\r"].map((value) =>
    main("header", open, "deny header", "GET", [["x-note", value]]),
  ),
  ...["root.example.com", "ROOT.example.COM"].map((value) =>
    main("header", open, "allow 16", "GET", [["Host", value]]),
  ),
  ...["evil.example", "root.example.com:443", "", " root.example.com", "root.example.com."].map(
    (value) => main("header", open, "deny header", "GET", [["hOsT", value]]),
  ),
  // The Kelvin sign is not ASCII, but its lower case is.
  ...["\u212aelvin.k", "kelvin.\u212a"].map((value) =>
    main("header", "https://kelvin.k/", "deny header", "GET", [["host", value]]),
  ),
  main("header", "https://kelvin.k/", "allow 19", "GET", [["host", "Kelvin.K"]]),
  main("header", "https://ported.example.org:8443/", "allow 4", "GET", [
    ["host", "ported.example.org:8443"],
  ]),
  main("header", "https://ported.example.org:8443/", "deny header", "GET", [
    ["host", "ported.example.org"],
  ]),
  main("header", open, "deny header", "GET", [
    ["host", "root.example.com"],
    ["host", "evil.example"],
  ]),
  main("header", open, "deny header", "GET", [
    ["accept", "text/html"],
    ["upgrade", "websocket"],
  ]),
  ...["accept", "x-upgrade", "upgrade-insecure-requests", "x-http-methods", "!#$%&'*+.^_`|~1"].map(
    (name) => main("header", open, "allow 16", "GET", [[name, "x"]]),
  ),
  main("header", open, "allow 16", "GET", [["x-note", "a\tb \u00e9"]]),
];

const caseFor = (policy: PolicyName, url: string, expected: string): Case => ({
  category: "policy",
  policy,
  url,
  method: "GET",
  headers: [],
  expected,
});

const policyCases: Case[] = [
  caseFor("empty", "https://api.example.com/", "deny no_rule"),
  caseFor("noMethods", "https://api.example.com/", "allow 0"),
  caseFor("emptyLists", "https://api.example.com/", "deny no_rule"),
  caseFor("emptyLists", "https://api.example.com/v1/", "allow 2"),
  ...(
    [
      "badHost",
      "badScheme",
      "badPrefix",
      "badMethod",
      "badWildcard",
      "unknownField",
      "noRules",
      "notAPolicy",
    ] as const
  ).flatMap((policy) => [
    caseFor(policy, "https://api.example.com/", "deny invalid_policy"),
    caseFor(policy, "not a url", "deny invalid_policy"),
  ]),
  ...["http://127.0.0.1/", "http://[::1]/"].map((url) => caseFor("local", url, "deny address")),
  caseFor("local", "http://localhost/", "deny name"),
  ...policies.forbidden.rules
    .filter(({ host }) => !host.startsWith("*"))
    .flatMap(({ host }) =>
      ["http", "https"].map((scheme) =>
        caseFor(
          "forbidden",
          `${scheme}://${host}/`,
          host.endsWith("localhost") ? "deny name" : "deny address",
        ),
      ),
    ),
  caseFor("forbidden", "https://x.app.localhost/", "deny name"),
];

const locally = (policy: PolicyName, url: string, expected: string): Case => ({
  ...caseFor(policy, url, expected),
  category: "local run",
});

/** Cases of a local run, in which `local_development` has an effect. */
export const localCases: readonly Case[] = [
  locally("local", "http://127.0.0.1/", "allow 0"),
  locally("local", "http://2130706433/", "allow 0"),
  locally("local", "http://localhost/", "allow 1"),
  locally("local", "http://[::1]/", "allow 2"),
  locally("local", "http://[0::1]/", "allow 2"),
  locally("local", "https://127.0.0.1/", "deny no_rule"),
  locally("local", "http://127.0.0.1:8080/", "deny no_rule"),
  locally("local", "http://127.0.0.2/", "deny no_rule"),
  locally("local", "http://127.255.255.255/", "deny no_rule"),
  locally("local", "http://126.255.255.255/", "deny no_rule"),
  locally("local", "http://128.0.0.1/", "deny no_rule"),
  locally("local", "http://a.localhost/", "deny name"),
  locally("local", "http://localhost./", "deny name"),
  locally("local", "http://10.0.0.1/", "deny address"),
  locally("local", "http://0.0.0.0/", "deny address"),
  locally("local", "http://[::]/", "deny address"),
  locally("local", "http://[::ffff:127.0.0.1]/", "deny address"),
  locally("local", "http://u@127.0.0.1/", "deny userinfo"),
  locally("local", "http://a!b/", "deny name"),
  locally("forbidden", "http://127.0.0.1/", "deny address"),
  locally("forbidden", "http://localhost/", "deny name"),
  locally("forbidden", "http://[::1]/", "deny address"),
  locally("main", "https://root.example.com/", "allow 16"),
  locally("badHost", "https://api.example.com/", "deny invalid_policy"),
];

export const cases: readonly Case[] = [
  ...urlCases,
  ...pathCases,
  ...methodCases,
  ...headerCases,
  ...policyCases,
  ...blockCases,
];
