// pion as a lab peer: the options and the result line are those of exchange.py.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pion/ice/v2"
	"github.com/pion/webrtc/v3"
)

type urls []string

func (u *urls) String() string     { return strings.Join(*u, " ") }
func (u *urls) Set(s string) error { *u = append(*u, s); return nil }

type end struct {
	Type    string `json:"type"`
	Address string `json:"address"`
	Port    uint16 `json:"port"`
}

type pair struct {
	Local  end `json:"local"`
	Remote end `json:"remote"`
}

type result struct {
	Peer          string   `json:"peer"`
	State         string   `json:"state"`
	Path          *string  `json:"path"`
	TimeToConnect *float64 `json:"time_to_connect"`
	SelectedPair  *pair    `json:"selected_pair"`
	Held          *float64 `json:"held"`
	Error         *string  `json:"error"`
}

func finish(r result) {
	r.Peer = "pion"
	text, _ := json.Marshal(r)
	fmt.Println(string(text))
	if r.State == "connected" {
		os.Exit(0)
	}
	os.Exit(5)
}

func must(err error) {
	if err != nil {
		said := err.Error()
		finish(result{State: "failed", Error: &said})
	}
}

func readDescription(path, kind string, limit time.Duration) webrtc.SessionDescription {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		var found webrtc.SessionDescription
		text, err := os.ReadFile(path)
		if err == nil && json.Unmarshal(text, &found) == nil && found.Type.String() == kind {
			return found
		}
	}
	must(fmt.Errorf("no %s in %s", kind, path))
	panic("unreachable")
}

func writeDescription(path string, description *webrtc.SessionDescription) {
	text, err := json.Marshal(description)
	must(err)
	must(os.WriteFile(path+".new", text, 0o644))
	must(os.Rename(path+".new", path))
}

func server(url string) webrtc.ICEServer {
	scheme, rest, _ := strings.Cut(url, ":")
	at := strings.LastIndex(rest, "@")
	if at < 0 {
		return webrtc.ICEServer{URLs: []string{url}}
	}
	user, password, _ := strings.Cut(rest[:at], ":")
	return webrtc.ICEServer{
		URLs:       []string{scheme + ":" + rest[at+1:]},
		Username:   user,
		Credential: password,
	}
}

func main() {
	var stun, turn urls
	role := flag.String("role", "", "")
	out := flag.String("out", "", "")
	in := flag.String("in", "", "")
	timeout := flag.Float64("timeout", 20, "")
	hold := flag.Float64("hold", 0.5, "")
	relayOnly := flag.Bool("relay-only", false, "")
	mdns := flag.Bool("mdns", false, "")
	media := flag.String("media", "data", "")
	lite := flag.Bool("lite", false, "")
	flag.Var(&stun, "stun", "")
	flag.Var(&turn, "turn", "")
	flag.Parse()
	limit := time.Duration(*timeout * float64(time.Second))

	configuration := webrtc.Configuration{}
	for _, url := range append(stun, turn...) {
		configuration.ICEServers = append(configuration.ICEServers, server(url))
	}
	if *relayOnly {
		configuration.ICETransportPolicy = webrtc.ICETransportPolicyRelay
	}
	settings := webrtc.SettingEngine{}
	if !*mdns {
		settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	}
	settings.SetLite(*lite)
	codecs := &webrtc.MediaEngine{}
	must(codecs.RegisterDefaultCodecs())
	api := webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(codecs))
	peer, err := api.NewPeerConnection(configuration)
	must(err)

	states := make(chan webrtc.ICEConnectionState, 16)
	peer.OnICEConnectionStateChange(func(state webrtc.ICEConnectionState) { states <- state })
	gathered := webrtc.GatheringCompletePromise(peer)

	var began time.Time
	if *role == "offer" {
		for _, kind := range strings.Split(*media, "+") {
			if kind == "data" {
				_, err = peer.CreateDataChannel("lab", nil)
			} else {
				_, err = peer.AddTransceiverFromKind(webrtc.NewRTPCodecType(kind))
			}
			must(err)
		}
		offer, err := peer.CreateOffer(nil)
		must(err)
		must(peer.SetLocalDescription(offer))
		<-gathered
		writeDescription(*out, peer.LocalDescription())
		answer := readDescription(*in, "answer", limit)
		began = time.Now()
		must(peer.SetRemoteDescription(answer))
	} else {
		must(peer.SetRemoteDescription(readDescription(*in, "offer", limit)))
		began = time.Now()
		answer, err := peer.CreateAnswer(nil)
		must(err)
		must(peer.SetLocalDescription(answer))
		<-gathered
		writeDescription(*out, peer.LocalDescription())
	}

	late := time.After(limit)
	for {
		select {
		case state := <-states:
			switch state {
			case webrtc.ICEConnectionStateConnected, webrtc.ICEConnectionStateCompleted:
				took := time.Since(began).Seconds()
				connected := time.Now()
				over := time.After(time.Duration(*hold * float64(time.Second)))
				for done := false; !done; {
					select {
					case <-over:
						done = true
					case state := <-states:
						done = state == webrtc.ICEConnectionStateDisconnected ||
							state == webrtc.ICEConnectionStateFailed ||
							state == webrtc.ICEConnectionStateClosed
					}
				}
				held := time.Since(connected).Seconds()
				transport := peer.SCTP().Transport()
				if senders := peer.GetSenders(); len(senders) > 0 && senders[0].Transport() != nil {
					transport = senders[0].Transport()
				}
				chosen, err := transport.ICETransport().GetSelectedCandidatePair()
				must(err)
				path := "direct"
				ends := []end{}
				for _, one := range []*webrtc.ICECandidate{chosen.Local, chosen.Remote} {
					if one.Typ == webrtc.ICECandidateTypeRelay {
						path = "relayed"
					}
					ends = append(ends, end{one.Typ.String(), one.Address, one.Port})
				}
				finish(result{
					State:         "connected",
					Path:          &path,
					TimeToConnect: &took,
					Held:          &held,
					SelectedPair:  &pair{ends[0], ends[1]},
				})
			case webrtc.ICEConnectionStateFailed:
				must(fmt.Errorf("ICE failed"))
			}
		case <-late:
			must(fmt.Errorf("not connected after %v", limit))
		}
	}
}
