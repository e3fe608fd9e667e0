"""
Hours of an ordinary day: does it keep up, does it cover everything, does it grow?

    run ─┬▶ the stack of `make run`, the caretaker at work in it, on ports the kernel chooses
         ├▶ stream     people comment, a fixed number a second; of some of them Meta never tells
         ├▶ watching   memory, descriptors and sockets of each process, now and then
         ├▶ catching   the stream ends; what was missed is found, everything comes to its end
         └▶ counting   what people wrote, by Meta's side, against the ledger and the answers (pure)

Nothing is broken here, that is `tools.chaos`; this one is long. Run by `python -m tools.soak`.
"""
