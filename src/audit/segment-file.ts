import { open, stat, type FileHandle } from 'node:fs/promises';
import { AppError, codeOf } from '../errors.js';
import { syncFolder } from './chain-signer.js';

/** The segment that is written to. What `append` resolved for is on disk; what it rejected for is taken back. */
export class SegmentFile {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #inode: number;
  #size: number;
  /** There may be more in the file than was acknowledged. */
  #untidy = false;

  private constructor(path: string, file: FileHandle, inode: number, size: number) {
    this.path = path;
    this.#file = file;
    this.#inode = inode;
    this.#size = size;
  }

  /** Made when it is missing; what is behind `size` goes. Rejects with a file system's error. */
  static async open(path: string, size: number): Promise<SegmentFile> {
    const file = await open(path, size === 0 ? 'w' : 'r+', 0o600);
    await file.truncate(size);
    await file.sync();
    await syncFolder(path);
    return new SegmentFile(path, file, (await file.stat()).ino, size);
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Rejects with a file system's error, or AppError `internal` when the file is not the one that was opened, or not as
   * it was left.
   */
  async append(text: string): Promise<void> {
    if (this.#untidy) await this.#tidy();
    await this.#check();
    const bytes = Buffer.from(text, 'latin1');
    try {
      this.#untidy = true;
      for (let done = 0; done < bytes.length;) {
        done += (await this.#file.write(bytes, done, bytes.length - done, this.#size + done)).bytesWritten;
      }
      await this.#file.datasync();
      this.#size += bytes.length;
      this.#untidy = false;
    } catch (error) {
      await this.#tidy().catch(() => {});
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** Nothing more is written to it. */
  async seal(): Promise<void> {
    await this.#file.chmod(0o400);
    await this.#file.sync();
    await this.#file.close();
  }

  async #tidy(): Promise<void> {
    await this.#file.truncate(this.#size);
    await this.#file.sync();
    this.#untidy = false;
  }

  async #check(): Promise<void> {
    try {
      const { ino, size } = await stat(this.path);
      if (ino === this.#inode && size === this.#size) return;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    throw new AppError('internal', 'the file of the audit trail was changed, or is gone');
  }
}
