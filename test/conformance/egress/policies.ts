/** The policies of the conformance cases, as in their files. */

const inject = { header: "authorization", secret: "API_TOKEN", prefix: "Bearer " };

export const policies = {
  /** The cases refer to the rule numbers in the comments. */
  main: {
    rules: [
      /* 0 */ { host: "api.example.com", methods: ["GET", "POST"], path_prefix: "/v1/", inject },
      /* 1 */ { host: "api.example.com", path_prefix: "/public" },
      /* 2 */ { host: "*.cdn.example.net" },
      /* 3 */ { host: "plain.example.org", schemes: ["http", "https"] },
      /* 4 */ { host: "ported.example.org", port: 8443 },
      /* 5 */ { host: "1.1.1.1" },
      /* 6 */ { host: "[2606:4700:4700::1111]" },
      /* 7 */ { host: "xn--bcher-kva.example" },
      /* 8 */ { host: "under_score.example.org" },
      /* 9 */ { host: "order.example.org", methods: ["DELETE"] },
      /* 10 */ { host: "order.example.org", inject },
      /* 11 */ { host: "*.example.org", methods: ["GET"], path_prefix: "/wild" },
      /* 12 */ { host: "clear.example.com", schemes: ["http", "https"], inject },
      /* 13 */ { host: "clear.example.com", schemes: ["http"] },
      /* 14 */ { host: "low.example.com", schemes: ["http"], port: 443 },
      /* 15 */ { host: "deep.example.com", pathPrefix: "/a/b" },
      /* 16 */ { host: "root.example.com", path_prefix: "/" },
      /* 17 */ { host: "explicit.example.com", schemes: ["http", "https"], port: 80 },
      /* 18 */ { host: "explicit.example.com", port: 443 },
      /* 19 */ { host: "kelvin.k" },
    ],
  },
  /** Hosts that must be denied although a rule lists them. */
  forbidden: {
    rules: [
      { host: "127.0.0.1", schemes: ["http", "https"] },
      { host: "10.0.0.1", schemes: ["http", "https"] },
      { host: "169.254.169.254", schemes: ["http", "https"] },
      { host: "0.0.0.0", schemes: ["http", "https"] },
      { host: "[::1]", schemes: ["http", "https"] },
      { host: "[::ffff:7f00:1]", schemes: ["http", "https"] },
      { host: "[fe80::1]", schemes: ["http", "https"] },
      { host: "localhost", schemes: ["http", "https"] },
      { host: "app.localhost", schemes: ["http", "https"] },
      { host: "*.app.localhost", schemes: ["http", "https"] },
    ],
  },
  local: {
    local_development: true,
    rules: [
      { host: "127.0.0.1", schemes: ["http"] },
      { host: "localhost", schemes: ["http"] },
      { host: "[::1]", schemes: ["http"] },
    ],
  },
  empty: { rules: [] },
  noMethods: { rules: [{ host: "api.example.com" }] },
  /** An empty list allows nothing; it never means "no restriction". */
  emptyLists: {
    rules: [
      { host: "api.example.com", methods: [] },
      { host: "api.example.com", schemes: [] },
      { host: "api.example.com", path_prefix: "/v1/" },
    ],
  },
  badHost: { rules: [{ host: "api.example.com" }, { host: "API.example.com" }] },
  badScheme: { rules: [{ host: "api.example.com", schemes: ["ftp"] }] },
  badPrefix: { rules: [{ host: "api.example.com", path_prefix: "v1" }] },
  badMethod: { rules: [{ host: "api.example.com", methods: ["TRACE"] }] },
  badWildcard: { rules: [{ host: "api.example.com" }, { host: "*" }] },
  unknownField: { rules: [{ host: "api.example.com", method: ["GET"] }] },
  noRules: {},
  notAPolicy: null,
} as const;

export type PolicyName = keyof typeof policies;
