"""What other ICE implementations print, written by hand after their formats. Made-up addresses."""

CHROMIUM_OFFER = """v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic: WMS
m=application 51234 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 203.0.113.7
a=candidate:3388485749 1 udp 2113937151 4f7cdf3e-6a6a-4d2b-9b9f-7c8a5be1f7a1.local 51234 typ host \
generation 0 network-cost 999
a=candidate:842163049 1 udp 1677729535 203.0.113.7 51234 typ srflx raddr 0.0.0.0 rport 0 \
generation 0 network-cost 999
a=candidate:2999745851 1 tcp 1518280447 192.168.1.20 9 typ host tcptype active generation 0
a=ice-ufrag:9QmZ
a=ice-pwd:CIo+6TPkVmdYDSqrd3wF8T8/
a=ice-options:trickle
a=fingerprint:sha-256 6B:8B:5D:EA:59:04:20:23:29:C8:87:1C:CC:87:32:BE:\
DD:8C:66:A5:8E:50:55:EA:8C:D3:B6:5C:09:5E:D6:BC
a=setup:actpass
a=mid:0
a=sctp-port:5000
a=max-message-size:262144
"""

FIREFOX_ANSWER = """v=0
o=mozilla...THIS_IS_SDPARTA-99.0 5306542812121436117 0 IN IP4 0.0.0.0
s=-
t=0 0
a=sendrecv
a=fingerprint:sha-256 11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:\
11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00
a=group:BUNDLE data
a=ice-options:trickle
a=msid-semantic:WMS *
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=candidate:0 1 UDP 2122252543 10.0.0.4 40000 typ host
a=candidate:1 1 TCP 2105524479 10.0.0.4 9 typ host tcptype active
a=candidate:2 1 UDP 1686052863 198.51.100.9 4022 typ srflx raddr 10.0.0.4 rport 40000
a=candidate:3 1 UDP 92217087 192.0.2.55 3479 typ relay raddr 192.0.2.55 rport 3479
a=sendrecv
a=end-of-candidates
a=ice-pwd:0a8c1f5b7d2e4c6f8a9b0c1d2e3f4a5b
a=ice-ufrag:1f2e3d4c
a=mid:data
a=setup:passive
a=sctp-port:5000
a=max-message-size:1073741823
"""

SAFARI_AUDIO_VIDEO = """v=0
o=- 7614219274584779017 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
m=audio 50000 UDP/TLS/RTP/SAVPF 111
c=IN IP4 192.168.1.30
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1 1 udp 2122260223 192.168.1.30 50000 typ host generation 0
a=candidate:1 2 udp 2122260222 192.168.1.30 50001 typ host generation 0
a=ice-ufrag:Sf01
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=fingerprint:sha-256 AA:BB
a=setup:actpass
a=mid:0
m=video 50002 UDP/TLS/RTP/SAVPF 96
c=IN IP4 192.168.1.30
a=candidate:1 1 udp 2122260223 192.168.1.30 50002 typ host generation 0
a=ice-ufrag:Sf01
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=setup:actpass
a=mid:1
"""

AIORTC_OFFER = """v=0
o=- 3902323456 3902323456 IN IP4 0.0.0.0
s=-
t=0 0
a=group:BUNDLE 0
a=msid-semantic:WMS *
m=application 40404 DTLS/SCTP 5000
c=IN IP4 172.17.0.1
a=mid:0
a=sctpmap:5000 webrtc-datachannel 65535
a=max-message-size:65536
a=candidate:ac4b5f0b1ad1a2f0a1bc92ff6bd5a6a3 1 udp 2130706431 172.17.0.1 40404 typ host
a=candidate:0a5b5f0b1ad1a2f0a1bc92ff6bd5a6a3 1 udp 2130706431 2001:db8::20 40405 typ host
a=end-of-candidates
a=ice-ufrag:wEpc
a=ice-pwd:fA3aqEGJBkpwyyzRKDNhFR
a=fingerprint:sha-256 01:02
a=setup:actpass
"""

PION_OFFER = """v=0
o=- 1986089843279183421 1718016789 IN IP4 0.0.0.0
s=-
t=0 0
a=fingerprint:sha-256 0F:74
a=extmap-allow-mixed
a=group:BUNDLE 0
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=setup:actpass
a=mid:0
a=sendrecv
a=sctp-port:5000
a=ice-ufrag:iGrPWbXbKKMqTqzG
a=ice-pwd:aNqUZTbHgqFtHWnvBTJpvQAHnPYGcXVw
a=candidate:233762139 1 udp 2130706431 172.17.0.2 40217 typ host
a=candidate:233762139 2 udp 2130706431 172.17.0.2 40217 typ host
a=candidate:3942429735 1 udp 1694498815 203.0.113.90 60222 typ srflx raddr 0.0.0.0 rport 60222
a=candidate:3942429735 2 udp 1694498815 203.0.113.90 60222 typ srflx raddr 0.0.0.0 rport 60222
a=end-of-candidates
"""

LIBNICE_SDP = """m=- 53013 ICE/SDP
c=IN IP4 203.0.113.44
a=ice-ufrag:kZ3+
a=ice-pwd:xxDnwkHLkWa/NB6dOzuSwi
a=candidate:1 1 UDP 2015363327 192.168.7.2 53013 typ host
a=candidate:2 1 TCP 1015021823 192.168.7.2 9 typ host tcptype active
a=candidate:3 1 UDP 1679819007 203.0.113.44 53013 typ srflx raddr 192.168.7.2 rport 53013
"""

TRICKLE_JSON = (
    '{"candidate":"candidate:842163049 1 udp 1677729535 203.0.113.7 51234 typ srflx raddr '
    '192.168.1.20 rport 51234 generation 0 ufrag 9QmZ network-cost 999","sdpMid":"0",'
    '"sdpMLineIndex":0,"usernameFragment":"9QmZ"}'
)
CANDIDATE_LINE = "candidate:1 1 udp 2122260223 192.168.1.20 51234 typ host generation 0"
TWO_AT_ONE_ADDRESS = CANDIDATE_LINE + "\n" + CANDIDATE_LINE.replace("host", "srflx") + "\n"
