import type { Server } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import { protoDefinition } from "../../shared/rpc.ts";

/** Tells clients such as grpcurl what services there are, and of what messages. */
export function addReflection(server: Server): void {
  new ReflectionService(protoDefinition).addToServer(server);
}
