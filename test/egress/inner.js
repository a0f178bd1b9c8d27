// A second Worker, like a private service of the account: reachable only over a service binding.
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/moved") return Response.redirect("https://evil.example/", 302);
    return Response.json({
      url: request.url,
      method: request.method,
      key: request.headers.get("x-key"),
      cookie: request.headers.get("cookie"),
      body: await request.text(),
    });
  },
};
