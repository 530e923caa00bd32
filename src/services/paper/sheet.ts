// A tagged A4 document that is written from top to bottom, page after page.
import { readFileSync } from 'node:fs';
import { create } from 'fontkit';
import PDFDocument from 'pdfkit';
import { charactersOf, type Printable, printable, visualPieces } from './printable';

const A4 = { width: 595.28, height: 841.89 };
const TOP = 54;
const FOOT = 44;
export const LEFT = 54;
export const RIGHT = A4.width - 54;
/** Where a page's text ends; the foot is below. */
const BOTTOM = A4.height - 72;

const FONT_FILES = {
  regular: require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'),
  bold: require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf'),
} as const;

export interface Style {
  font: keyof typeof FONT_FILES;
  /** In points. */
  size: number;
  color: string;
}

export interface SheetOptions {
  title: string;
  language: string;
  /** The document's own date, so that the same content always makes the same bytes. */
  createdAt: Date;
}

export type Element = PDFKit.PDFStructureElement;

export class Sheet {
  /** Points from the page's upper edge to where the next line begins. */
  y = TOP;

  private readonly doc: PDFKit.PDFDocument;
  private readonly root: Element;
  private readonly covers: readonly ((codePoint: number) => boolean)[];
  private readonly widths = new Map<string, number>();

  constructor({ title, language, createdAt }: SheetOptions) {
    const files = { regular: readFileSync(FONT_FILES.regular), bold: readFileSync(FONT_FILES.bold) };
    this.covers = Object.values(files).map((file) => coverageOf(file));
    this.doc = new PDFDocument({
      ...{ size: 'A4', margin: 0, bufferPages: true, font: '' },
      ...{ pdfVersion: '1.7', tagged: true, lang: language, displayTitle: true },
      info: { Title: title, Producer: 'Centesimo', Creator: 'Centesimo', CreationDate: createdAt },
    });
    this.doc.registerFont('regular', files.regular).registerFont('bold', files.bold);
    this.root = this.doc.struct('Document');
    this.doc.addStructure(this.root);
  }

  printable(text: string): Printable {
    return printable(text, (codePoint) => this.covers.every((has) => has(codePoint)));
  }

  /** A new element of the document's structure, at its end. */
  open(type: string, parent: Element = this.root): Element {
    const element = this.doc.struct(type);
    parent.add(element);
    return element;
  }

  /** Everything that `write` writes belongs to this element. */
  tagged(parent: Element, type: string, write: () => void): void {
    const head = type === 'TH' ? { title: '', scope: 'Column' } : {};
    parent.add(this.doc.struct(type, head, [write]));
  }

  /** Only for the eye, not for screen readers: lines, repeated heads, page numbers. */
  untagged(write: () => void, type: 'Layout' | 'Pagination' = 'Layout'): void {
    this.doc.markContent('Artifact', { type });
    write();
    this.doc.endMarkedContent();
  }

  /** True when this height doesn't fit on the page any more. */
  isFull(height: number): boolean {
    return this.y + height > BOTTOM;
  }

  turnPage(): void {
    this.doc.addPage();
    this.y = TOP;
  }

  paragraph(text: string, style: Style, type = 'P', parent?: Element): void {
    const lines = this.linesOf(text, style, RIGHT - LEFT);
    const element = this.open(type, parent);
    for (const line of lines) {
      if (this.isFull(lineHeight(style))) this.turnPage();
      element.add(() => this.write(line, LEFT, this.y, style));
      this.y += lineHeight(style);
    }
    element.end();
  }

  /** Cuts at spaces, and within a word that is wider than the line. */
  linesOf(text: string, style: Style, width: number): string[] {
    const lines: string[] = [];
    let line = '';
    let used = 0;
    for (const word of text.split(' ')) {
      const before = line === '' ? '' : ' ';
      if (used + this.widthOf(before + word, style) <= width) {
        line += before + word;
        used += this.widthOf(before + word, style);
        continue;
      }
      if (line !== '') lines.push(line);
      [line, used] = ['', 0];
      for (const character of charactersOf(word)) {
        const wide = this.widthOf(character, style);
        if (line !== '' && used + wide > width) {
          lines.push(line);
          [line, used] = ['', 0];
        }
        line += character;
        used += wide;
      }
    }
    return [...lines, line];
  }

  /** One line of printable text that starts at `x`, or ends there. */
  write(line: string, x: number, y: number, style: Style, align: 'left' | 'right' = 'left'): void {
    const { doc } = this;
    doc.font(style.font).fontSize(style.size).fillColor(style.color);
    const pieces = visualPieces(line);
    let at = align === 'right' ? x - pieces.reduce((sum, piece) => sum + doc.widthOfString(piece), 0) : x;
    for (const [index, piece] of pieces.entries()) {
      doc.text(piece, at, y, { lineBreak: false });
      if (index < pieces.length - 1) at += doc.widthOfString(piece);
    }
  }

  /** As much of the text as fits, with an ellipsis for the rest. */
  shortened(text: string, style: Style, width: number): string {
    if (this.widthOf(text, style) <= width) return text;
    const characters = charactersOf(text);
    let left = width - this.widthOf('…', style);
    const end = characters.findIndex((character) => {
      left -= this.widthOf(character, style);
      return left < 0;
    });
    return `${characters.slice(0, end).join('')}…`;
  }

  rule(y: number, color: string, from = LEFT, to = RIGHT): void {
    this.untagged(() => {
      this.doc.moveTo(from, y).lineTo(to, y).lineWidth(0.5).strokeColor(color).stroke();
    });
  }

  /** Writes each page's foot, then closes. */
  async end(foot: (page: number, pages: number, y: number) => void): Promise<Buffer> {
    const { doc } = this;
    const { count } = doc.bufferedPageRange();
    for (let page = 0; page < count; page += 1) {
      doc.switchToPage(page);
      this.untagged(() => foot(page + 1, count, A4.height - FOOT), 'Pagination');
    }
    this.root.end();
    const chunks: Buffer[] = [];
    const ended = new Promise<void>((resolve, reject) => {
      doc.on('data', (chunk: Buffer) => chunks.push(chunk));
      doc.on('end', () => resolve());
      doc.on('error', reject);
    });
    doc.end();
    await ended;
    return Buffer.concat(chunks);
  }

  /** The sum of the characters' widths, each measured once; kerned text is a little narrower. */
  private widthOf(text: string, style: Style): number {
    let sum = 0;
    for (const character of charactersOf(text)) {
      const key = `${style.font} ${character}`;
      let wide = this.widths.get(key);
      if (wide === undefined) {
        wide = this.doc.font(style.font).fontSize(1_000).widthOfString(character) / 1_000;
        this.widths.set(key, wide);
      }
      sum += wide * style.size;
    }
    return sum;
  }
}

export const lineHeight = ({ size }: Style): number => size * 1.35;

function coverageOf(file: Buffer): (codePoint: number) => boolean {
  const font = create(file);
  if (!('hasGlyphForCodePoint' in font)) throw new Error('The font file holds several fonts.');
  return (codePoint) => font.hasGlyphForCodePoint(codePoint);
}
