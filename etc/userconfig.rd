<resource schema="dc" resdir="__system">
	<!-- What this site adds to the built-in services of DaCHS. -->

	<STREAM id="tapdescription">
		<meta name="description">ADQL queries on the point sources, the scans and the images of a near-infrared sky
			survey in J, H and Ks, and on the ObsCore table of its images.</meta>
	</STREAM>

	<STREAM id="tapexamples">
		<meta name="_example" title="Sources around a position">
			The point sources within 3 arcmin of a position, brightest in Ks first, from :taptable:`twomass.psc`:

			.. tapquery::
				SELECT TOP 100 designation, ra, dec, j_m, h_m, k_m, ph_qual
				FROM twomass.psc
				WHERE 1 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', 283.9, 1.35, 0.05))
				ORDER BY k_m
		</meta>
		<meta name="_example" title="Well-measured red sources">
			Sources that are measured well in all bands (quality A, no confusion) and have a Ks excess; a band without a
			measurement is null and so never chosen:

			.. tapquery::
				SELECT TOP 100 designation, ra, dec, j_m - h_m AS j_h, h_m - k_m AS h_k
				FROM twomass.psc
				WHERE ph_qual = 'AAA' AND cc_flg = '000' AND h_m - k_m > 0.7
		</meta>
		<meta name="_example" title="The names of VizieR's II/246">
			The same sources under the column names that public scripts for the 2MASS catalog use, in
			:taptable:`twomass.data`:

			.. tapquery::
				SELECT TOP 100 mainid, raj2000, dej2000, jmag, e_jmag, hmag, e_hmag, kmag, e_kmag, qflg
				FROM twomass.data
				WHERE kmag BETWEEN 10 AND 11
		</meta>
		<meta name="_example" title="Images of a source">
			The images that show a source, with their addresses; ``ivoa.obscore`` has them in the columns of ObsCore:

			.. tapquery::
				SELECT TOP 10 p.designation, i.band, i.seeing, i.accref
				FROM twomass.psc AS p
				JOIN twomass.atlas AS i ON p.coadd_key = i.coadd_key
				WHERE p.k_m BETWEEN 9 AND 10
		</meta>
	</STREAM>
</resource>
