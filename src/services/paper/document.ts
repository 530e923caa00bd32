// The paper: a usage statement as a PDF that a person reads, prints and files.
import { DateTime } from 'luxon';
import { firstDayOf } from '../../values/month';
import type { StatementRow } from '../ledger/statements';
import { createFigures, decimalsOf, type Figures } from './figures';
import { SUBSTITUTE } from './printable';
import { type Element, LEFT, lineHeight, RIGHT, Sheet, type Style } from './sheet';
import { type Language, WORDS, type Words } from './words';

/** What one client used in one month, with the name of today. */
export interface DocumentLine {
  customerId: string;
  name: string;
  /** Erased customers have a number instead of a name; each language has its own word for that. */
  erased: boolean;
  /** '2025-01': the statement's own month, or an earlier one. */
  month: string;
  messages: bigint;
  amountMicros: bigint;
}

export interface StatementContent {
  language: Language;
  shop: string;
  statement: StatementRow;
  /** How many clients and lines there are. */
  clients: bigint;
  lineCount: bigint;
  /** The lines of its own month come first; undefined when there are too many for paper. */
  lines: DocumentLine[] | undefined;
}

const INK = '#111111';
const GREY = '#595959';
const LINE = '#c8c8c8';
const BODY: Style = { font: 'regular', size: 9, color: INK };
const STRONG: Style = { ...BODY, font: 'bold' };
const SMALL: Style = { font: 'regular', size: 7, color: GREY };
const LABEL: Style = { ...BODY, color: GREY };
const HASH: Style = { ...BODY, size: 7 };
const LABELS_WIDTH = 175;
/** Where the columns of figures are, in points from the left edge. */
const MONTH_BEGIN = 235;
const MESSAGES_BEGIN = 330;
const MESSAGES_END = 405;
const COLUMN_GAP = 8;
const ROW_GAP = 5;
/** Room for a heading, the head and a row: a table with less room begins on the next page. */
const TABLE_BEGINS = 80;
/** The vertical position of the line above the text, from the second page on. */
const HEAD_Y = 30;
const PRICES_MAX = 10;
/** Longer shop names are written smaller. */
const LONG_NAME = 40;

/** The same content makes the same bytes. */
export async function makeDocument(content: StatementContent): Promise<Buffer> {
  const words = WORDS[content.language];
  const { statement } = content;
  const title = `${words.statement(String(statement.number))}, ${monthName(statement.month, words)}`;
  const sheet = new Sheet({
    title: `${title} · ${content.shop}`,
    language: content.language,
    createdAt: statement.closedAt,
  });
  const paper = new Paper(sheet, content, words, title);
  paper.head();
  paper.body();
  return sheet.end((page, pages, y) => paper.foot(page, pages, y));
}

class Paper {
  private readonly figures: Figures;
  /** Decimals of every amount in the tables, so that they stand below each other. */
  private readonly digits: number;
  private readonly shop: string;
  /** Names that several clients have: their ids are printed too. */
  private readonly ambiguous: ReadonlySet<string>;
  private idsShown = false;

  constructor(
    private readonly sheet: Sheet,
    private readonly content: StatementContent,
    private readonly words: Words,
    private readonly title: string,
  ) {
    const { statement, lines = [] } = content;
    const { currency } = statement;
    this.figures = createFigures(words.locale, currency, (text) => sheet.printable(text).whole);
    const amounts = lines.map(({ amountMicros }) => amountMicros);
    this.digits = Math.max(
      ...[...amounts, statement.totalMicros, statement.carriedMicros].map((micros) =>
        decimalsOf(micros, currency),
      ),
    );
    this.shop = sheet.printable(content.shop).text;
    this.ambiguous = ambiguousNames(
      lines.map((line) => [sheet.printable(nameOf(line, words)).text, line.customerId]),
    );
  }

  head(): void {
    const { sheet, words, title, shop } = this;
    const { statement, clients } = this.content;
    const size = shop.length > LONG_NAME ? 12 : 18;
    sheet.paragraph(shop, { ...STRONG, size }, 'H1');
    if (!sheet.printable(this.content.shop).whole) sheet.paragraph(statement.workspaceId, SMALL);
    sheet.y += 4;
    sheet.paragraph(title, { ...BODY, size: 12 }, 'H2');
    sheet.y += 4;
    sheet.paragraph(words.noInvoice, STRONG);
    sheet.y += 14;
    const at = DateTime.fromJSDate(statement.closedAt, { zone: statement.timeZone }).setLocale(words.locale);
    const list = sheet.open('L');
    this.fact(list, words.month, `${monthName(statement.month, words)} (${statement.timeZone})`);
    this.fact(list, words.closed, `${at.toFormat('d LLLL yyyy, HH:mm')} (${statement.timeZone})`);
    this.fact(list, words.clients, this.figures.count(clients));
    this.fact(list, words.messages, this.figures.count(statement.messages));
    this.fact(list, words.price, this.prices());
    this.fact(list, words.own, this.money(statement.totalMicros - statement.carriedMicros));
    this.fact(list, words.carried, this.money(statement.carriedMicros));
    this.fact(list, words.total, this.money(statement.totalMicros), STRONG);
    this.fact(list, words.sha256, statement.sha256, HASH);
    if (statement.previousSha256) this.fact(list, words.previousSha256, statement.previousSha256, HASH);
    list.end();
    sheet.y += 16;
  }

  body(): void {
    const { sheet, words, content } = this;
    const { lines, statement, clients, lineCount } = content;
    if (lines === undefined) {
      const count = (value: bigint) => this.figures.count(value);
      sheet.paragraph(words.tooMany(count(clients), count(lineCount)), BODY);
      return;
    }
    if (lines.length === 0) {
      sheet.paragraph(words.nobody, BODY);
      return;
    }
    const own = lines.filter(({ month }) => month === statement.month);
    const carried = lines.filter(({ month }) => month !== statement.month);
    if (own.length > 0) this.table(words.own, own, statement.totalMicros - statement.carriedMicros);
    if (carried.length > 0) this.table(words.carried, carried, statement.carriedMicros, MONTH_BEGIN);
    if (own.length > 0 && carried.length > 0) this.grandTotal();
    if (this.idsShown) {
      sheet.y += 4;
      sheet.paragraph(words.aboutIds(SUBSTITUTE), SMALL);
    }
  }

  foot(page: number, pages: number, y: number): void {
    const { sheet, words, title, shop } = this;
    const number = words.page(this.figures.count(BigInt(page)), this.figures.count(BigInt(pages)));
    sheet.write(words.noInvoice, LEFT, y, SMALL);
    sheet.write(number, RIGHT, y, SMALL, 'right');
    if (page === 1) return;
    const name = sheet.shortened(`${title} · ${shop}`, SMALL, RIGHT - LEFT);
    sheet.write(name, LEFT, HEAD_Y, SMALL);
  }

  /** A label and its value. */
  private fact(list: Element, label: string, value: string, style: Style = BODY): void {
    const { sheet } = this;
    const x = LEFT + LABELS_WIDTH;
    const item = sheet.open('LI', list);
    sheet.tagged(item, 'Lbl', () => sheet.write(label, LEFT, sheet.y, LABEL));
    sheet.tagged(item, 'LBody', () => {
      for (const line of sheet.linesOf(value, style, RIGHT - x)) {
        sheet.write(line, x, sheet.y, style);
        sheet.y += lineHeight(style);
      }
    });
    item.end();
    sheet.y += 1;
  }

  private grandTotal(): void {
    const { sheet, words } = this;
    if (sheet.isFull(lineHeight(STRONG))) sheet.turnPage();
    const total = this.money(this.content.statement.totalMicros);
    const element = sheet.open('P');
    sheet.tagged(element, 'Span', () => sheet.write(words.total, LEFT, sheet.y, STRONG));
    sheet.tagged(element, 'Span', () => sheet.write(total, RIGHT, sheet.y, STRONG, 'right'));
    element.end();
    sheet.y += 2 * lineHeight(STRONG);
  }

  private prices(): string {
    const { prices, currency } = this.content.statement;
    const shown = prices.slice(0, PRICES_MAX).map(({ amountMicros, charges }) => {
      const micros = BigInt(amountMicros);
      const price = this.figures.amount(micros, decimalsOf(micros, currency), true);
      return `${price} (${this.words.charges(this.figures.count(BigInt(charges)))})`;
    });
    const left = prices.length - shown.length;
    if (left > 0) shown.push(this.words.more(this.figures.count(BigInt(left))));
    return shown.length === 0 ? '–' : this.spaced(shown.join('; '));
  }

  private money(micros: bigint): string {
    return this.spaced(this.figures.amount(micros, this.digits, true));
  }

  /** Replaces the no-break spaces of Intl: their width differs, and some fonts lack them. */
  private spaced(text: string): string {
    return this.sheet.printable(text).text;
  }

  private table(heading: string, lines: readonly DocumentLine[], sumMicros: bigint, monthX?: number): void {
    const { sheet, words } = this;
    const columns: readonly Column[] = [
      { title: words.client, x: LEFT, align: 'left' },
      ...(monthX === undefined ? [] : [{ title: words.month, x: monthX, align: 'left' } as const]),
      { title: words.messages, x: MESSAGES_END, align: 'right' },
      { title: words.amount(this.content.statement.currency), x: RIGHT, align: 'right' },
    ];
    const nameWidth = (monthX ?? MESSAGES_BEGIN) - LEFT - COLUMN_GAP;
    if (sheet.isFull(TABLE_BEGINS)) sheet.turnPage();
    sheet.paragraph(heading, { ...STRONG, size: 11 }, 'H3');
    if (monthX !== undefined) sheet.paragraph(words.carriedMeans, SMALL);
    sheet.y += 6;
    const table = sheet.open('Table');
    const titles = columns.map(({ title }) => [{ text: title, style: STRONG }]);
    const head = sheet.open('THead', table);
    this.row(columns, titles, INK, { parent: head, cell: 'TH' });
    head.end();
    const body = sheet.open('TBody', table);
    const add = (cells: readonly Line[][]): void => {
      if (sheet.isFull(heightOf(cells))) {
        sheet.turnPage();
        this.row(columns, titles, INK);
      }
      this.row(columns, cells, LINE, { parent: body, cell: 'TD' });
    };
    const figures = (month: string, messages: bigint, micros: bigint, style: Style): Line[][] =>
      [
        ...(monthX === undefined ? [] : [month]),
        this.figures.count(messages),
        this.figures.amount(micros, this.digits),
      ].map((text) => [{ text, style }]);
    for (const line of lines) {
      const { customerId, month, messages, amountMicros } = line;
      const client = this.client(nameOf(line, words), customerId, nameWidth);
      add([client, ...figures(monthName(month, words), messages, amountMicros, BODY)]);
    }
    const messages = lines.reduce((sum, line) => sum + line.messages, 0n);
    add([[{ text: words.total, style: STRONG }], ...figures('', messages, sumMicros, STRONG)]);
    body.end();
    table.end();
    sheet.y += 18;
  }

  /** A client's name; where several clients have it, the id below. */
  private client(name: string, customerId: string, width: number): Line[] {
    const { text, whole } = this.sheet.printable(name);
    const lines = this.sheet.linesOf(text || '–', BODY, width).map((line) => ({ text: line, style: BODY }));
    if (whole && text !== '' && !this.ambiguous.has(text)) return lines;
    this.idsShown = true;
    return [...lines, { text: customerId, style: SMALL }];
  }

  /** Without `into` it is a repeated head, which screen readers skip. */
  private row(
    columns: readonly Column[],
    cells: readonly Line[][],
    rule: string,
    into?: { parent: Element; cell: 'TH' | 'TD' },
  ): void {
    const { sheet } = this;
    const row = into && sheet.open('TR', into.parent);
    for (const [index, { x, align }] of columns.entries()) {
      const write = (): void => {
        let { y } = sheet;
        for (const { text, style } of cells[index] ?? []) {
          sheet.write(text, x, y, style, align);
          y += lineHeight(style);
        }
      };
      if (into && row) sheet.tagged(row, into.cell, write);
      else sheet.untagged(write, 'Pagination');
    }
    row?.end();
    sheet.y += heightOf(cells);
    sheet.rule(sheet.y - ROW_GAP / 2, rule);
  }
}

interface Column {
  title: string;
  x: number;
  /** The width of the cell that ends at `x`. */
  align: 'left' | 'right';
}

interface Line {
  text: string;
  style: Style;
}

const heightOf = (cells: readonly Line[][]): number =>
  Math.max(...cells.map((lines) => lines.reduce((sum, { style }) => sum + lineHeight(style), 0))) + ROW_GAP;

/** 'October 2026' */
const monthName = (month: string, { locale }: Words): string =>
  DateTime.fromISO(firstDayOf(month), { zone: 'utc' }).setLocale(locale).toFormat('LLLL yyyy');

/** The name that is stored of an erased customer ends with its number. */
const nameOf = ({ name, erased }: DocumentLine, words: Words): string =>
  erased ? words.erased(/\d+$/.exec(name)?.[0] ?? '') : name;

function ambiguousNames(clients: readonly (readonly [name: string, customerId: string])[]): Set<string> {
  const idOf = new Map<string, string>();
  const found = new Set<string>();
  for (const [name, customerId] of clients) {
    if ((idOf.get(name) ?? customerId) !== customerId) found.add(name);
    idOf.set(name, customerId);
  }
  return found;
}
