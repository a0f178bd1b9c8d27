// A Worker of its own, as a private service of the account is: it is reached over a service binding alone.
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
