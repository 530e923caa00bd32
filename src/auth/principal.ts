// Who calls. It is determined once per request, before the body is parsed.

export const TOKEN_KINDS = ['SERVICE', 'CLIENT', 'ANALYST', 'USER'] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];

export const SCOPES = [
  'messages:write',
  'customers:write',
  'contacts:check',
  'usage:read',
  'messages:read',
  'export:read',
  'usage:correct',
  'statements:close',
  'budgets:write',
  'customers:erase',
  'webhooks:write',
] as const;
export type Scope = (typeof SCOPES)[number];

/** The default scopes of each kind of token. A person's scopes (USER) come from the claims of the login. */
export const DEFAULT_SCOPES: Readonly<Record<TokenKind, readonly Scope[]>> = {
  SERVICE: ['messages:write', 'customers:write', 'contacts:check'],
  CLIENT: ['usage:read', 'export:read'],
  ANALYST: ['usage:read', 'messages:read', 'export:read'],
  USER: ['usage:read'],
};

/** Only service tokens have these scopes; a login never grants them. */
export const SERVICE_SCOPES: ReadonlySet<Scope> = new Set<Scope>([
  'messages:write',
  'customers:write',
  'contacts:check',
]);

/** No kind has these scopes by default: they are named for a SERVICE or CLIENT token, or granted by a login. */
export const NAMED_SCOPES: ReadonlySet<Scope> = new Set<Scope>([
  'usage:correct',
  'statements:close',
  'budgets:write',
  'customers:erase',
  'webhooks:write',
]);

export interface Principal {
  /** The token's id or the person's subject, as logs and the audit trail name it. */
  readonly id: string;
  readonly name: string;
  readonly kind: TokenKind;
  readonly scopes: ReadonlySet<Scope>;
  readonly workspaceIds: readonly string[];
  readonly expiresAt: Date | null;
}

export const isScope = (text: string): text is Scope => SCOPES.some((scope) => scope === text);
