# Runs a program on a pseudo terminal of its own. What comes on stdin is typed there; the end of stdin
# closes the terminal. What it shows goes to stdout. Exits as the program does, 128 + n after a signal.

import os
import pty
import select
import sys

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])

watched = [0, terminal]
while terminal in watched:
    for fd in select.select(watched, [], [])[0]:
        try:
            data = os.read(fd, 65536)
        except OSError:  # the last process on the terminal has gone
            data = b""
        if fd == 0 and data:
            os.write(terminal, data)
        elif fd == terminal and data:
            os.write(1, data)
        else:
            watched = []
            break

os.close(terminal)
status = os.waitpid(pid, 0)[1]
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
