// A file of the server's, asked for with the token that is signed in.
import { fromBody, type Problem } from './problem';
import { expire, getSession } from './session';

/** `name`: where the server gives none. Answers with what went wrong. */
export async function download(
  path: string,
  query: URLSearchParams,
  name: string,
): Promise<Problem | undefined> {
  const token = getSession()?.token ?? '';
  try {
    const response = await fetch(`${path}?${query}`, {
      headers: { authorization: `Bearer ${token}` },
      credentials: 'omit',
    });
    if (!response.ok) {
      const problem = fromBody(await response.text(), response.status);
      if (problem.kind === 'token') expire(token);
      return problem;
    }
    save(await response.blob(), nameOf(response) ?? name);
    return undefined;
  } catch {
    return { kind: 'offline', id: '', field: '' };
  }
}

const nameOf = (response: Response): string | undefined =>
  /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];

function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken the file by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
