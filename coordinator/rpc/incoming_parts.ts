import { PARTS_INCOMING_BYTES_MAX } from "../../shared/limits.ts";

/** A part of which some bytes have come and some have not. */
export interface IncomingPart {
  /** Counts bytes that came. */
  add(bytes: number): void;
  /** All has come, or nothing more is wanted. */
  end(): void;
}

interface Transfer {
  readonly peer: string;
  readonly giveWay: (reason: string) => void;
  bytes: number;
}

/**
 * The bytes of parts that are being received, over all calls. When they are too many, the connection
 * that holds most of them gives way, whoever brought the last: one that sends slowly and much on
 * purpose then stops nobody else.
 */
export class IncomingParts {
  private readonly transfers = new Set<Transfer>();
  private readonly bytes_max: number;
  private bytes = 0;

  constructor(bytes_max = PARTS_INCOMING_BYTES_MAX) {
    this.bytes_max = bytes_max;
  }

  /** `giveWay`: the part is to be sent again later; end() follows. */
  begin(peer: string, giveWay: (reason: string) => void): IncomingPart {
    const transfer: Transfer = { peer, giveWay, bytes: 0 };
    this.transfers.add(transfer);
    return {
      add: (bytes) => {
        if (!this.transfers.has(transfer)) return;
        transfer.bytes += bytes;
        this.bytes += bytes;
        while (this.bytes > this.bytes_max) this.makeRoom();
      },
      end: () => this.end(transfer),
    };
  }

  private makeRoom(): void {
    const held = new Map<string, number>();
    for (const { peer, bytes } of this.transfers) held.set(peer, (held.get(peer) ?? 0) + bytes);
    const [most] = [...held].sort(([, a], [, b]) => b - a);
    const [largest] = [...this.transfers]
      .filter(({ peer }) => peer === most![0])
      .sort((a, b) => b.bytes - a.bytes);
    const reason = `${this.bytes} bytes of parts are being received, over the limit of ${this.bytes_max} (PARTS_INCOMING_BYTES_MAX), and this connection has most of them`;
    this.end(largest!);
    largest!.giveWay(reason);
  }

  private end(transfer: Transfer): void {
    if (this.transfers.delete(transfer)) this.bytes -= transfer.bytes;
  }
}
