"""The same truth as the kernel: the lab's networks and scenarios, played on the simulated internet.

lab_network, simulated_lab   the lab's topology as a simulated network, changed as the lab is
nftables, ip_commands        what scenarios do to it, translated
simulated_peer, simulated_stage   `icetui peer` there; what a scenario is played on
plays, outcome, lab_outcomes      what is played, what is compared, what the kernel did
comparison                   the commands
"""
