// Print: the PDF that Chromium makes, read by poppler's tools.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { aToken, aWorkspace } from '../support/app';
import { openShop, PHONE, type Shop, untilCard, visit } from './shop';

const run = promisify(execFile);

let shop: Shop;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'centesimo-paper-'));
  shop = await openShop();
}, 120_000);
afterAll(async () => {
  await shop.stop();
  await rm(folder, { recursive: true });
});

interface Word {
  text: string;
  page: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

async function wordsOf(pdf: string): Promise<Word[]> {
  const { stdout } = await run('pdftotext', ['-bbox', pdf, '-'], { maxBuffer: 1e8 });
  let page = 0;
  return stdout.split('\n').flatMap((line) => {
    if (line.includes('<page ')) page += 1;
    const match = /<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*)<\/word>/.exec(
      line,
    );
    if (!match) return [];
    const [left = 0, top = 0, right = 0, bottom = 0] = match.slice(1, 5).map(Number);
    return [{ text: match[5] ?? '', page, left, right, top, bottom }];
  });
}

/** Pairs of words that overlap by more than a third of a line. */
function overlaps(words: readonly Word[]): string[] {
  const deep = (a: Word, b: Word): boolean =>
    a.page === b.page &&
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > (a.bottom - a.top) / 3;
  return words.flatMap((a, index) =>
    words
      .slice(index + 1)
      .filter((b) => deep(a, b))
      .map((b) => `${a.text} / ${b.text}`),
  );
}

/** The range of the first sheet's width that has the colour of the bars, as fractions. */
async function barsOf(pdf: string): Promise<{ left: number; right: number }> {
  await run('pdftoppm', ['-r', '50', '-f', '1', '-l', '1', '-x', '0', '-y', '190', '-H', '150', pdf, pdf]);
  const picture = await readFile(`${pdf}-1.ppm`);
  const [, width = 0, height = 0] = picture.toString('latin1', 0, 40).split(/\s/).map(Number);
  const pixels = picture.subarray(picture.length - 3 * width * height);
  const columns = Array.from({ length: width }, (_, x) => x).filter((x) =>
    Array.from({ length: height }, (_, y) => 3 * (y * width + x)).some(
      (at) =>
        Math.abs((pixels[at] ?? 255) - 0x0b) < 25 &&
        Math.abs((pixels[at + 1] ?? 255) - 0x6b) < 25 &&
        Math.abs((pixels[at + 2] ?? 255) - 0x57) < 25,
    ),
  );
  return { left: (columns[0] ?? 0) / width, right: (columns.at(-1) ?? 0) / width };
}

const MARGIN = 30;
const A4 = { width: 595.92, height: 842.88 };

it.each([
  ['a desktop in the dark', { colorScheme: 'dark' as const }],
  ['a phone', PHONE],
])(
  'the overview, from %s: plots as wide as the sheet, nothing cut, nothing on another',
  async (name, options) => {
    const { page } = await visit(shop, '?workspace=workspace-123&month=2025-01', {
      token: shop.client,
      ...options,
    });
    await untilCard(page, 'Cost', '€0.125');
    await page.locator('.plot').first().waitFor();
    const before = await page.locator('.plot').first().boundingBox();
    const pdf = join(folder, `${name.replaceAll(' ', '-')}.pdf`);
    await writeFile(pdf, await page.pdf({ format: 'A4' }));

    const words = await wordsOf(pdf);
    expect(words.map(({ text }) => text)).toEqual(expect.arrayContaining(['€0.125', 'Mario', 'Charged']));
    expect(words.filter(({ left, right }) => left < MARGIN || right > A4.width - MARGIN)).toEqual([]);
    expect(words.filter(({ top, bottom }) => top < MARGIN || bottom > A4.height - MARGIN)).toEqual([]);
    expect(overlaps(words)).toEqual([]);
    const bars = await barsOf(pdf);
    expect(bars.left).toBeLessThan(0.2);
    expect(bars.right).toBeGreaterThan(0.85);
    expect(bars.right).toBeLessThan(0.95);
    // The plot on the screen is unchanged.
    expect(await page.locator('.plot').first().boundingBox()).toEqual(before);
    await page.context().close();
  },
);

it("prints the shop's name where the screen has a menu of two shops", async () => {
  const other = await aWorkspace(shop.app, { name: 'Bar Centrale' });
  const token = await aToken(shop.app, { kind: 'client', workspaceIds: ['workspace-123', other.id] });
  const { page } = await visit(shop, '?workspace=workspace-123', { token });
  const picker = page.locator('select[name=workspace]');
  await picker.waitFor();
  await page.emulateMedia({ media: 'print' });
  const style = await page.evaluate(`(() => {
    const { appearance, borderTopWidth } = getComputedStyle(document.querySelector('select[name=workspace]'));
    return [appearance, borderTopWidth];
  })()`);
  expect(style).toEqual(['none', '0px']);
  await page.context().close();
});
