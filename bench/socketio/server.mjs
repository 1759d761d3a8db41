// Socket.IO with its default settings, and no transport but WebSocket. It says on which port it
// listens.
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { transports: ["websocket"] });

io.on("connection", (socket) => {
  socket.on("subscribe", (done) => {
    socket.join("bench");
    done();
  });
  socket.on("publish", (message) => io.to("bench").emit("m", message));
  socket.on("ask", (question) => socket.emit("answer", question));
});

http.listen(0, "127.0.0.1", () => console.log(http.address().port));
