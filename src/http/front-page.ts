// What a browser sees at /: links to the page, the API and the documentation. It has no secrets and loads nothing.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GRAPHIQL } from './graphiql';

const CONTENT_SECURITY_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/** A browser that opens a page, rather than a client that sends an operation. */
export const wantsPage = ({ method, headers }: FastifyRequest): boolean =>
  method === 'GET' && (headers.accept ?? '').includes('text/html');

interface Pages {
  /** Whether /graphql is a page, too. */
  sandbox: boolean;
  graphiql: boolean;
}

export const sendFrontPage = (reply: FastifyReply, pages: Pages): FastifyReply =>
  reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', CONTENT_SECURITY_POLICY)
    .header('referrer-policy', 'no-referrer')
    .header('cache-control', 'no-store')
    .send(page(pages));

const OFFLINE = `<dt><a href="${GRAPHIQL}">API, without the internet</a></dt>
<dd>The same in GraphiQL, which comes from this server alone.</dd>`;

const page = ({ sandbox, graphiql }: Pages): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Centesimo</title>
<style>
body { font: 1.05rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 3rem auto; padding: 0 1.25rem; }
dt a { display: inline-block; padding: .6rem 0; font-weight: 600; }
dd { margin: 0 0 .75rem; }
code { font-size: .95em; }
</style>
</head>
<body>
<h1>Centesimo</h1>
<p>What a shop's WhatsApp chatbot costs.</p>
<dl>
<dt><a href="/dashboard">Dashboard</a></dt>
<dd>For the shop's owner <span lang="it">(per il titolare)</span>. The link that you were given signs you in.</dd>
${
  sandbox
    ? '<dt><a href="/graphql">API</a></dt>\n<dd>GraphQL in Apollo Sandbox, with example operations, for analysts and developers. It needs a token, and the internet.</dd>'
    : '<dt>API</dt>\n<dd>GraphQL: <code>POST /graphql</code>, with a token.</dd>'
}
${graphiql ? OFFLINE : ''}
<dt><a href="/health/ready">Health</a></dt>
<dd>Whether the server can work now.</dd>
</dl>
<p>The documentation is in the folder <code>docs</code> of the project; begin with its <code>README.md</code>.</p>
</body>
</html>
`;
