// One RTCPeerConnection, with a data channel or with audio and video, for browsers and node alike.
// makeLabPeer returns a function of descriptions in, descriptions and results out.
function makeLabPeer(RTCPeerConnection, configuration) {
  const peer = new RTCPeerConnection(configuration);
  let began = null;
  let connected = null;
  let timer = null;
  const settled = new Promise((resolve) => {
    const look = () => {
      const state = peer.iceConnectionState;
      if (["connected", "completed"].includes(state)) {
        connected ??= performance.now();
        resolve();
      } else if (["failed", "closed"].includes(state)) {
        resolve();
      }
    };
    peer.oniceconnectionstatechange = look;
    // node's libwebrtc has been seen to change its state and fire no event.
    timer = setInterval(look, 5);
  });
  // node's libwebrtc asks STUN servers from 127.0.0.1, too, and never completes: half a second
  // without a new candidate is complete enough.
  const gathered = () =>
    new Promise((resolve) => {
      let quiet = null;
      const look = () => peer.iceGatheringState === "complete" && resolve();
      peer.onicegatheringstatechange = look;
      peer.onicecandidate = () => {
        clearTimeout(quiet);
        quiet = setTimeout(resolve, 500);
      };
      look();
    });
  const own = async (description) => {
    await peer.setLocalDescription(description);
    await gathered();
    return peer.localDescription.sdp;
  };
  return {
    async offer(media) {
      for (const kind of media) {
        if (kind === "data") {
          peer.createDataChannel("lab");
        } else {
          peer.addTransceiver(kind);
        }
      }
      return own(await peer.createOffer());
    },
    async answer(sdp) {
      await peer.setRemoteDescription({ type: "offer", sdp });
      began = performance.now();
      return own(await peer.createAnswer());
    },
    async accept(sdp) {
      began = performance.now();
      await peer.setRemoteDescription({ type: "answer", sdp });
    },
    async result(timeout, hold) {
      const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      await Promise.race([settled, pause(timeout)]);
      clearInterval(timer);
      if (connected === null) {
        return { state: "failed", error: peer.iceConnectionState };
      }
      const steady = () => ["connected", "completed"].includes(peer.iceConnectionState);
      let stats = await peer.getStats();
      const held = () => (performance.now() - connected) / 1000;
      while (held() < hold && steady()) {
        await pause(Math.min(0.25, hold));
        stats = steady() ? await peer.getStats() : stats;
      }
      const all = [];
      stats.forEach((entry) => all.push(entry));
      const transport = all.find((entry) => entry.type === "transport");
      const pair =
        (transport && stats.get(transport.selectedCandidatePairId)) ||
        all.find((entry) => entry.type === "candidate-pair" && entry.selected) ||
        all.find((entry) => entry.type === "candidate-pair" && entry.nominated);
      const end = (id) => {
        const found = stats.get(id);
        return found && {
          type: found.candidateType,
          address: found.address ?? found.ip,
          port: found.port,
        };
      };
      return {
        state: "connected",
        held: held(),
        time_to_connect: (connected - began) / 1000,
        local: pair && end(pair.localCandidateId),
        remote: pair && end(pair.remoteCandidateId),
      };
    },
  };
}
